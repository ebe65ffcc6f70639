import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { COMMANDS } from "./commands/mod.ts";
import { arityOf, checkArity, findNamed } from "./spec.ts";
import { VALUES } from "./values/mod.ts";

Deno.test("findNamed() refuses unknown and ambiguous names, with what may be meant", () => {
  const unknown = assertThrows(() => findNamed("hlat", COMMANDS, "command"), UsageError) as UsageError;
  assertEquals([unknown.code, unknown.hint?.startsWith("Did you mean halt")], ["unknown-command", true]);
  const ambiguous = assertThrows(() => findNamed("read", COMMANDS, "command"), UsageError) as UsageError;
  assertEquals(ambiguous.hint, "It may be any of read8, read16, read32, read64, readdp, readap");
});

Deno.test("findNamed() prefers an exact name or alias to longer names that begin so", () => {
  for (
    const [typed, name] of [["s", "step"], ["c", "continue"], ["r", undefined], ["rd", "read64"], ["cont", "continue"]]
  ) {
    if (name === undefined) assertThrows(() => findNamed(typed!, COMMANDS, "command"), UsageError, "ambiguous");
    else assertEquals(findNamed(typed!, COMMANDS, "command").names[0], name);
  }
});

Deno.test("checkArity() counts arguments against the usage", () => {
  assertThrows(() => checkArity("read8", "ADDR [LEN]", []), UsageError, "too few");
  assertThrows(() => checkArity("read8", "ADDR [LEN]", ["1", "2", "3"]), UsageError, "too many");
  checkArity("write8", "ADDR DATA...", Array(50).fill("1"));
  assertEquals(arityOf("[-p] [-f] [REG...]"), { least: 0, most: Infinity });
  assertEquals(arityOf(""), { least: 0, most: 0 });
});

Deno.test("COMMANDS and VALUES use no name twice", () => {
  for (const table of [COMMANDS, VALUES]) {
    const names = table.flatMap((entry) => [...entry.names]);
    assertEquals(names.filter((name, i) => names.indexOf(name) !== i), []);
  }
});
