import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../base/errors.ts";
import { parseYaml } from "./yaml.ts";

function fails(text: string, reason: string): FormatError {
  return assertThrows(() => parseYaml(text, "tapir.yaml"), FormatError, `Cannot read tapir.yaml: ${reason}`);
}

Deno.test("parseYaml() says where text is wrong", () => {
  const error = fails("a: 1\nb: [2\nc: 3", "line 3, column 1: ");
  assertEquals(error.fields, { file: "tapir.yaml", line: 3, column: 1 });
  fails("a: 1\na: 2", "line 2, column 1: duplicated mapping key");
  fails("\ta: 1", "line 1");
});

Deno.test("parseYaml() refuses what plain data cannot express", () => {
  fails("a: 1\n---\nb: 2", "line 1");
  fails("__proto__: {x: 1}", "the key __proto__ is not allowed");
  fails("!!set {a, b}", "it holds a value of a type that is not supported");
  fails("!!binary aGVsbG8=", "it holds a value of a type that is not supported");
});

Deno.test("parseYaml() refuses aliases that stand for a huge tree", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
  fails(lines.join("\n"), "aliases make it too large");
});

Deno.test("parseYaml() refuses deep nesting without running out of stack", () => {
  assertThrows(() => parseYaml("[".repeat(5000) + "]".repeat(5000), "tapir.yaml"), FormatError);
});

Deno.test("parseYaml() reads by the rules of YAML 1.1", () => {
  const text = "on: 1\nhex: 0x1F\noctal: 010\nlong: 1_000\noff: off\nnone: ~\ndate: 2024-01-02\nlist: [a, 1.5]\n";
  assertEquals(parseYaml(text, "x"), {
    true: 1,
    hex: 31,
    octal: 8,
    long: 1000,
    false: false,
    none: null,
    date: "2024-01-02T00:00:00.000Z",
    list: ["a", 1.5],
  });
});

Deno.test("parseYaml() takes an empty document for undefined", () => {
  assertEquals([parseYaml("", "x"), parseYaml("# only\n\n  # comments", "x")], [undefined, undefined]);
});
