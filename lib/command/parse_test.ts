import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { parseLine } from "./parse.ts";

function commands(line: string): readonly (readonly string[])[] {
  const parsed = parseLine(line);
  if (parsed.kind !== "commands") throw new Error(`got ${parsed.kind}`);
  return parsed.commands;
}

Deno.test("parseLine() refuses quotes and brackets that are not closed, with the column", () => {
  for (
    const [line, message] of [
      ["load 'a b", "quote at column 6"],
      ['load "a\\"', "quote at column 6"],
      ["read32 [sp", "bracket at column 8"],
    ] as const
  ) {
    assertThrows(() => parseLine(line), UsageError, message);
  }
});

Deno.test("parseLine() gives nothing for blank lines, comments and stray semicolons", () => {
  for (const line of ["", "   ", "# a comment; halt", "  # indented", ";", " ; ; "]) assertEquals(commands(line), []);
});

Deno.test("parseLine() keeps file names with spaces, commas, parentheses and back-slashes whole", () => {
  assertEquals(commands("load 'my file.hex'"), [["load", "my file.hex"]]);
  assertEquals(commands('load "a\\\\b \\"c\\".hex"'), [["load", 'a\\b "c".hex']]);
  assertEquals(commands("load C:\\fw\\new.hex"), [["load", "C:\\fw\\new.hex"]]);
  assertEquals(commands("load a(1),b.hex my\\ file"), [["load", "a(1),b.hex", "my file"]]);
  assertEquals(commands("load ''"), [["load", ""]]);
});

Deno.test("parseLine() separates commands at semicolons that are not quoted or escaped", () => {
  assertEquals(commands("halt;reg ; step"), [["halt"], ["reg"], ["step"]]);
  assertEquals(commands("load 'a;b' c\\;d"), [["load", "a;b", "c;d"]]);
});

Deno.test("parseLine() keeps a dereference together", () => {
  assertEquals(commands("read32 [sp,4] [ r0 , 8 ]"), [["read32", "[sp,4]", "[ r0 , 8 ]"]]);
});

Deno.test("parseLine() does not split expressions and shell commands", () => {
  assertEquals(parseLine("  $ 1 + 2; 3"), { kind: "expression", text: "1 + 2; 3" });
  assertEquals(parseLine("!ls 'a b'; pwd"), { kind: "shell", text: "ls 'a b'; pwd" });
});
