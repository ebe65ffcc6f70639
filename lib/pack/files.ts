/**
 * The real file system behind {@linkcode FileAccess}.
 *
 * @module
 */
import type { FileAccess, OpenFile } from "./source.ts";

/** Files of this computer. */
export const systemFiles: FileAccess = {
  stat: async (path) => {
    try {
      const { isDirectory, size } = await Deno.stat(path);
      return { isDirectory, size };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
      throw error;
    }
  },
  list: async (path) => {
    const out: { name: string; isDirectory: boolean }[] = [];
    for await (const { name, isDirectory } of Deno.readDir(path)) out.push({ name, isDirectory });
    return out;
  },
  read: (path) => Deno.readFile(path),
  open: openFile,
};

async function openFile(path: string): Promise<OpenFile> {
  const file = await Deno.open(path);
  const { size } = await file.stat();
  // Seek and read are two steps; one reader at a time keeps another from moving the position in between.
  let last: Promise<unknown> = Promise.resolve();
  const readAt = async (offset: number, length: number): Promise<Uint8Array> => {
    const out = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    await file.seek(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < out.length) {
      const count = await file.read(out.subarray(done));
      if (count === null) break;
      done += count;
    }
    return out.subarray(0, done);
  };
  return {
    size,
    read: (offset, length) => {
      const next = last.then(() => readAt(offset, length));
      last = next.catch(() => undefined);
      return next;
    },
    close: () => file.close(),
  };
}
