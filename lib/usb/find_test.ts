import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { libraryCandidates, openLibrary } from "./find.ts";
import type { SYMBOLS } from "./symbols.ts";
import { UsbError } from "./usb.ts";

const LIBRARY = {} as Deno.DynamicLibrary<typeof SYMBOLS>;

Deno.test("openLibrary() says where it looked, and what to install", () => {
  const open = (path: string): never => {
    throw new Error(`${path}: cannot open shared object file`);
  };
  const error = assertThrows(() => openLibrary({ os: "linux" }, open), UsbError, "was not found");
  assertEquals(error.failure, "no-library");
  assertStringIncludes(error.hint ?? "", "apt install libusb-1.0-0");
  assertStringIncludes((error.cause as Error).message, "libusb-1.0.so.0: cannot open");
  for (const [os, text] of [["darwin", "brew install"], ["windows", "libusb-1.0.dll beside"], ["plan9", "apt"]]) {
    assertStringIncludes(assertThrows(() => openLibrary({ os: os! }, open), UsbError).hint ?? "", text!);
  }
});

Deno.test("openLibrary() recognises a library for another machine", () => {
  for (
    const reason of ["wrong ELF class: ELFCLASS32", "is not a valid Win32 application", "incompatible architecture"]
  ) {
    const open = (): never => {
      throw new Error(reason);
    };
    assertThrows(() => openLibrary({ os: "linux" }, open), UsbError, "another kind of machine");
  }
});

Deno.test("openLibrary() takes the first candidate that opens", () => {
  const tried: string[] = [];
  const { path } = openLibrary({ os: "linux", programDir: "/opt/tapir", embeddedDir: "/embedded" }, (candidate) => {
    tried.push(candidate);
    if (!candidate.startsWith("/embedded")) throw new Error("no");
    return LIBRARY;
  });
  assertEquals(path, "/embedded/libusb-1.0.so.0");
  assertEquals(tried, [
    "/opt/tapir/libusb-1.0.so.0",
    "/opt/tapir/libusb-1.0.so",
    "libusb-1.0.so.0",
    "libusb-1.0.so",
    "/embedded/libusb-1.0.so.0",
  ]);
});

Deno.test("libraryCandidates() leaves the current directory to the last on macOS and Windows", () => {
  assertEquals(libraryCandidates({ os: "windows", programDir: "C:\\tapir", embeddedDir: "C:\\temp\\native" }), [
    "C:\\tapir\\libusb-1.0.dll",
    "C:\\temp\\native\\libusb-1.0.dll",
    "libusb-1.0.dll",
  ]);
  const paths = libraryCandidates({ os: "darwin", programDir: "/opt/tapir", embeddedDir: "/embedded" });
  assertEquals(paths.slice(0, 3), [
    "/opt/tapir/libusb-1.0.0.dylib",
    "/opt/tapir/libusb-1.0.dylib",
    "/opt/homebrew/lib/libusb-1.0.0.dylib",
  ]);
  assertEquals(paths.slice(-4), [
    "/embedded/libusb-1.0.0.dylib",
    "/embedded/libusb-1.0.dylib",
    "libusb-1.0.0.dylib",
    "libusb-1.0.dylib",
  ]);
});

Deno.test("libraryCandidates() knows every file that scripts/fetch_libusb.sh puts into the program", async () => {
  const script = await Deno.readTextFile(new URL("../../scripts/fetch_libusb.sh", import.meta.url));
  const systems = {
    linux: /libusb-1\.0\.so[.\d]*/g,
    darwin: /libusb-1\.0\S*\.dylib/g,
    windows: /libusb-1\.0\S*\.dll/g,
  };
  for (const [os, pattern] of Object.entries(systems)) {
    const files = [...script.matchAll(pattern)].map(([file]) => file);
    assert(files.length > 0, os);
    const paths = libraryCandidates({ os, embeddedDir: "native" });
    for (const file of files) {
      assertEquals(paths.some((path) => /^native[\\/]/.test(path) && path.endsWith(file)), true);
    }
  }
});

Deno.test("libraryCandidates() looks nowhere else when told", () => {
  assertEquals(libraryCandidates({ os: "darwin", explicit: "/x.dylib", embeddedDir: "/e" }), ["/x.dylib"]);
});
