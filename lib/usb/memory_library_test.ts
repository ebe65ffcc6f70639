import { assert, assertThrows } from "@std/assert";
import { openFromMemory } from "./memory_library.ts";

/** The system's libusb, if it is where Debian has it. */
const LIBRARY = `/usr/lib/${Deno.build.arch}-linux-gnu/libusb-1.0.so.0`;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test("openFromMemory() fails for what cannot be read", () => {
  assertThrows(() => openFromMemory("/nonexistent/libusb.so"), Deno.errors.NotFound);
});

Deno.test({
  name: exists(LIBRARY) ? "openFromMemory() opens a library" : `openFromMemory() (ignored: ${LIBRARY} is absent)`,
  ignore: !exists(LIBRARY),
  fn: () => {
    const library = openFromMemory(LIBRARY);
    assert(library.symbols.libusb_get_version() !== null);
    library.close();
  },
});
