/**
 * Opens a library that exists only inside the program, where nothing can be written: Deno unpacks embedded libraries
 * into a temporary folder, which a read-only system does not have.
 *
 * @module
 */
import { SYMBOLS } from "./symbols.ts";

/** MFD_CLOEXEC of memfd_create(2). */
const CLOSE_ON_EXEC = 1;

/**
 * Copies a library into anonymous memory and opens it from there (Linux, memfd_create(2)).
 *
 * @throws {Error} when the file cannot be read, or the system has no such memory
 */
export function openFromMemory(path: string): Deno.DynamicLibrary<typeof SYMBOLS> {
  const bytes = Deno.readFileSync(path);
  const libc = Deno.dlopen("libc.so.6", {
    memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const name = new TextEncoder().encode("libusb\0");
  const file = libc.symbols.memfd_create(name, CLOSE_ON_EXEC);
  if (file < 0) {
    libc.close();
    throw new Error(`${path}: no memory to open it from`);
  }
  try {
    Deno.writeFileSync(`/proc/self/fd/${file}`, bytes);
    return Deno.dlopen(`/proc/self/fd/${file}`, SYMBOLS);
  } finally {
    libc.symbols.close(file);
    libc.close();
  }
}
