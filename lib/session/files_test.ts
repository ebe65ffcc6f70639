import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { readUserFile, writeUserFile } from "./files.ts";

Deno.test("readUserFile() and writeUserFile() say what is in the way", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(() => readUserFile(folder), UsageError, `Cannot read ${folder}: it is a directory`);
    await assertRejects(() => readUserFile(`${folder}/none`), UsageError, "none: it does not exist");
    const bytes = Uint8Array.of(1, 2, 3);
    await assertRejects(() => writeUserFile(folder, bytes), UsageError, `Cannot write ${folder}: it is a directory`);
    await writeUserFile(`${folder}/a.bin`, bytes);
    assertEquals(await readUserFile(`${folder}/a.bin`), bytes);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
