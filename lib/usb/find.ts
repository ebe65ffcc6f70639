/**
 * Finds libusb: what the user names, the system's, Homebrew's, beside the program, or the copy inside the program.
 *
 * @module
 */
import { UsbError } from "./usb.ts";
import { openFromMemory } from "./memory_library.ts";
import { SYMBOLS } from "./symbols.ts";

/** Environment variable that names the library. */
export const LIBRARY_VARIABLE = "TAPIR_LIBUSB";

/** Where to look, in order. */
export interface LibrarySearch {
  /** Operating system, as `Deno.build.os`. */
  readonly os: string;
  /** Path the user gave. */
  readonly explicit?: string;
  /** Folder of the running program. */
  readonly programDir?: string;
  /** Folder of files embedded in the program. */
  readonly embeddedDir?: string;
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  linux: ["libusb-1.0.so.0", "libusb-1.0.so"],
  darwin: ["libusb-1.0.0.dylib", "libusb-1.0.dylib"],
  windows: ["libusb-1.0.dll"],
};

const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib"],
};

const INSTALL: Readonly<Record<string, string>> = {
  linux: "Install it with your package manager, such as: sudo apt install libusb-1.0-0",
  darwin: "Install it with: brew install libusb",
  windows: "Put libusb-1.0.dll beside tapir.exe",
};

/**
 * Paths and names to try, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { libraryCandidates } from "./find.ts";
 *
 * assertEquals(libraryCandidates({ os: "linux", explicit: "/opt/libusb.so" }), ["/opt/libusb.so"]);
 * assertEquals(libraryCandidates({ os: "windows", programDir: "C:\\tapir" }), [
 *   "C:\\tapir\\libusb-1.0.dll",
 *   "libusb-1.0.dll",
 * ]);
 * ```
 */
export function libraryCandidates(search: LibrarySearch): string[] {
  if (search.explicit) return [search.explicit];
  const names = NAMES[search.os] ?? NAMES["linux"]!;
  const separator = search.os === "windows" ? "\\" : "/";
  const within = (folder: string | undefined): string[] =>
    folder ? names.map((name) => `${folder}${separator}${name}`) : [];
  // For a bare name, Linux looks in the system's folders; macOS and Windows look in the current directory too, where the
  // file may be anybody's.
  const looksHere = search.os === "darwin" || search.os === "windows";
  return [
    ...within(search.programDir),
    ...(looksHere ? [] : names),
    ...(FOLDERS[search.os] ?? []).flatMap(within),
    ...within(search.embeddedDir),
    ...(looksHere ? names : []),
  ];
}

/** How {@linkcode openLibrary} opens one candidate; replaced in tests. */
export type LibraryOpener = (path: string) => Deno.DynamicLibrary<typeof SYMBOLS>;

function openFile(path: string, { os, embeddedDir }: LibrarySearch): Deno.DynamicLibrary<typeof SYMBOLS> {
  try {
    return Deno.dlopen(path, SYMBOLS);
  } catch (error) {
    if (os !== "linux" || embeddedDir === undefined || !path.startsWith(embeddedDir)) throw error;
    return openFromMemory(path);
  }
}

/**
 * Opens the first candidate that can be opened.
 *
 * @throws {UsbError} `no-library`, saying why each one failed
 */
export function openLibrary(
  search: LibrarySearch,
  open: LibraryOpener = (path) => openFile(path, search),
): { library: Deno.DynamicLibrary<typeof SYMBOLS>; path: string } {
  const reasons: string[] = [];
  for (const path of libraryCandidates(search)) {
    try {
      return { library: open(path), path };
    } catch (error) {
      reasons.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const wrongMachine = reasons.some((reason) =>
    /wrong ELF class|invalid ELF header|not a valid Win32|incompatible arch/i.test(reason)
  );
  throw new UsbError(
    wrongMachine
      ? "Cannot load libusb: the library found is for another kind of machine"
      : "Cannot load libusb: the library was not found",
    "no-library",
    {
      hint: `${INSTALL[search.os] ?? INSTALL["linux"]}, or name the library in ${LIBRARY_VARIABLE}`,
      cause: new Error(reasons.join("; ")),
      fields: { tried: reasons },
    },
  );
}
