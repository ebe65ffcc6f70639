import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { type Task, TaskList } from "./task_list.ts";

function recording(...names: string[]): { tasks: Task[]; seen: string[] } {
  const seen: string[] = [];
  return { seen, tasks: names.map((name) => ({ name, run: () => void seen.push(name) })) };
}

Deno.test("TaskList refuses unknown and duplicate names and says what there is", () => {
  const { tasks } = recording("a", "b");
  const list = new TaskList(tasks);
  const error = assertThrows(() => list.remove("zebra"), UsageError, "Cannot find task zebra");
  assertEquals(error.hint, "It has: a, b");
  assertThrows(() => list.append({ name: "a", run: () => {} }), UsageError, "the name is taken");
});

Deno.test("run() stops at the first error", async () => {
  const { tasks, seen } = recording("a", "b", "c");
  const list = new TaskList(tasks).replace("b", () => Promise.reject(new Error("broken")));
  await assertRejects(() => list.run(), Error, "broken");
  assertEquals(seen, ["a"]);
});

Deno.test("run() runs a returned list right after its task", async () => {
  const { tasks, seen } = recording("a", "b");
  const inner = recording("x", "y");
  const list = new TaskList(tasks).replace("a", () => new TaskList(inner.tasks));
  await list.run();
  assertEquals([inner.seen, seen], [["x", "y"], ["b"]]);
});

Deno.test("insertAfter(), wrap() and remove() keep the order", async () => {
  const { tasks, seen } = recording("a", "b", "c");
  const list = new TaskList(tasks)
    .insertAfter("a", { name: "a2", run: () => void seen.push("a2") })
    .wrap("b", async (inner) => {
      seen.push("<");
      await inner();
      seen.push(">");
    })
    .remove("c");
  assertEquals(list.names, ["a", "a2", "b"]);
  await list.run();
  assertEquals(seen, ["a", "a2", "<", "b", ">"]);
});
