import { assertEquals, assertRejects } from "@std/assert";
import { TapirError, UsageError } from "../base/errors.ts";
import { scanCode } from "./code_scan.ts";
import { Evaluator } from "./evaluator.ts";

Deno.test("Evaluator refuses what is no TypeScript and passes on what code throws, in one line", async () => {
  const evaluator = new Evaluator({});
  await assertRejects(() => evaluator.run("1 +* 2"), UsageError, "Cannot read TypeScript: ");
  await assertRejects(() => evaluator.run("const"), UsageError, "Cannot read TypeScript: ");
  await assertRejects(() => evaluator.run("nowhere"), TapirError, "ReferenceError: nowhere is not defined");
  await assertRejects(() => evaluator.run("throw 'a word'"), TapirError, "Cannot run TypeScript: a word");
  const error = await assertRejects(() => evaluator.run("throw new Error('one\\ntwo')"), TapirError) as TapirError;
  assertEquals(error.message, "Cannot run TypeScript: Error: one");
  await assertRejects(() => evaluator.run("Promise.reject(new RangeError('far'))"), TapirError, "RangeError: far");
});

Deno.test("Evaluator gives the value of the last expression, and keeps declarations", async () => {
  const evaluator = new Evaluator({ x: { y: 5 } });
  const table: readonly (readonly [code: string, text: string | undefined])[] = [
    ["", undefined],
    ["1 + 1", "0x00000002 (2)"],
    ["let a: number = 3; a * 2", "0x00000006 (6)"],
    ["a", "0x00000003 (3)"],
    ["const { y } = x", undefined],
    ["y", "0x00000005 (5)"],
    ["let empty", undefined],
    ["empty === undefined", "true"],
    ["function twice(n: number) { return n * 2 }", undefined],
    ["async function later() { return 1 }", undefined],
    ["twice(a) + await later()", "0x00000007 (7)"],
    ["class C { z = 1 }\nnew C().z", "0x00000001 (1)"],
    ["enum E { A, B }\nE.B", "0x00000001 (1)"],
    ["if (a > 1) { a = 1 } else { a = 2 }\na", "0x00000001 (1)"],
    ["for (const i of [1, 2]) { a += i }", undefined],
    ["a", "0x00000004 (4)"],
    ["{ q: 1 }", "{ q: 1 }"],
    ["'text'", "text"],
    ["-5", "-5"],
    ["255n", "0x000000ff (255)"],
    ["1.5", "1.5"],
    ["/a;b/.test('a;b')", "true"],
    ["`${[1].map((n) => { return n }).length};`", "1;"],
    ["setTimeout(() => {}, 0) !== undefined", "true"],
  ];
  for (const [code, text] of table) assertEquals(await evaluator.evaluate(code), text, code);
});

Deno.test("scanCode() tells what is finished", () => {
  const open = ["(", "[1,", "{ a:", "`abc", "`${", "/* why", "1 +", "a =>", "x.", "await", "if (a) {", "f(", "a ? b :"];
  for (const code of open) assertEquals(scanCode(code).isOpen, true, code);
  const done = [
    "1",
    "'('",
    '"["',
    "`{`",
    "/[(]/",
    "// (",
    "/* ( */ 1",
    "a++",
    "f()",
    "{}",
    "a / b",
    "(1) / 2",
    "'it\\'s ('",
  ];
  for (const code of done) assertEquals(scanCode(code).isOpen, false, code);
});

Deno.test("scanCode() finds the statements outside of brackets", () => {
  const table: readonly (readonly [code: string, statements: readonly string[]])[] = [
    ["a; b;; c", ["a", "b", "c"]],
    ["a\nb", ["a", "b"]],
    ["a\n  .b()\n  + c", ["a\n  .b()\n  + c"]],
    ["f(1;\n2)", ["f(1;\n2)"]],
    ["function f() { return 1; } f()", ["function f() { return 1; }", "f()"]],
    ["try { a } catch { b } finally { c }\nd", ["try { a } catch { b } finally { c }", "d"]],
    ["const o = { a: 1 }\no", ["const o = { a: 1 }", "o"]],
    ["a = 'x;y'; b", ["a = 'x;y'", "b"]],
  ];
  for (const [code, statements] of table) assertEquals(scanCode(code).statements, [...statements], code);
});
