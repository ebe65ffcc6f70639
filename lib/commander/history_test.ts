import { assertEquals } from "@std/assert";
import { History, historyPath } from "./history.ts";

async function withFile(work: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await work(`${directory}/history`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("History does no harm when its file cannot be used", async () => {
  const history = new History("/no/such/directory/history", 10);
  assertEquals(await history.load(), []);
  await history.add("status");
  assertEquals(await new History(undefined, 10).load(), []);
});

Deno.test("History keeps as many lines as wanted, without empty and repeated ones", async () => {
  await withFile(async (path) => {
    const history = new History(path, 3);
    assertEquals(await history.load(), []);
    for (const line of ["a", "b", "b", " ", "c", "d"]) await history.add(line);
    assertEquals(await Deno.readTextFile(path), "a\nb\nc\nd\n");
    assertEquals(await new History(path, 3).load(), ["b", "c", "d"]);
    assertEquals(await Deno.readTextFile(path), "b\nc\nd\n");
    assertEquals(await new History(path, -1).load(), ["b", "c", "d"]);
    assertEquals(await new History(path, 0).load(), []);
    if (Deno.build.os !== "windows") assertEquals((await Deno.stat(path)).mode! & 0o077, 0);
  });
});

Deno.test("historyPath() takes the variable, then the home directory", () => {
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assertEquals(historyPath(env({ TAPIR_HISTORY: "/h", HOME: "/home/x" })), "/h");
  assertEquals(historyPath(env({ HOME: "/home/x" })), "/home/x/.tapir_history");
  assertEquals(historyPath(env({})), undefined);
});
