import { assertEquals, assertThrows } from "@std/assert";
import { ScriptSyntaxError, stripTypes } from "./strip.ts";

/** Place of `word` in a line of `text`, both from 1. */
function placeOf(text: string, word: string): { line: number; column: number } {
  const lines = text.split("\n");
  const line = lines.findIndex((each) => each.includes(word));
  return { line: line + 1, column: lines[line]!.indexOf(word) + 1 };
}

for (
  const [name, source, reason, line, column] of [
    ["an expression that is missing", "const a = 1;\nconst b: number = ;\n", "Unexpected token", 2, 19],
    ["a template that is not closed", "let a = `\n", "Unterminated template", 1, 10],
    ["a brace that is not closed", "function f(): void {\n", "Unexpected token", 2, 1],
  ] as const
) {
  Deno.test(`stripTypes() says where the source has ${name}`, () => {
    const error = assertThrows(() => stripTypes(source, "a.ts"), ScriptSyntaxError);
    assertEquals([error.message.split(",")[0], error.position], [reason, { line, column }]);
  });
}

Deno.test("stripTypes() refuses namespaces with code, not those that only declare", () => {
  assertThrows(
    () => stripTypes("let a = 1;\nexport namespace A { export const b = 1; }", "a.ts"),
    ScriptSyntaxError,
    "Namespaces",
  );
  for (
    const fine of [
      "declare namespace A { const b: number; }",
      'declare module "x" {}',
      "const module = 1;",
      "let namespace: string;",
    ]
  ) stripTypes(fine, "a.ts");
});

Deno.test("stripTypes() keeps lines, and computes what enums stand for", () => {
  const source =
    "enum Color {\n  Red = 1,\n  Green,\n}\ninterface X {\n  a: string;\n}\nexport const c: number = Color.Green;\n";
  const { code } = stripTypes(source, "a.ts");
  assertEquals(code.split("\n").length, source.split("\n").length);
  assertEquals(code.split("\n")[7], "export const c = Color.Green;");
  assertEquals(new Function(`${code.replace("export ", "")}; return c;`)(), 2);
});

Deno.test("stripTypes() leaves JavaScript alone, even what would be types in TypeScript", () => {
  const source = "const a = b < c > (d);\nnamespace\n{}\n";
  assertEquals(stripTypes(source, "a.js").code, source);
});

Deno.test("stripTypes() finds imports that are left, not those of types, nor what looks like one", () => {
  const source = [
    'import { a, type T } from "./a.ts"; import type { U } from "./types.ts"; import { V } from "./unused.ts";',
    'export * from "./all.ts"; export { b } from "./b.ts"; export { a };',
    'const text = `import x from "./no.ts" ${a} import("./no.ts")`; // import "./no.ts"',
    'const o: T = { import: 1, from: "./no.ts" }; o.import;',
    'import "./effect.ts"; import j from "./j.json" with { type: "json" }; j;',
    'await import("./dynamic.ts"); await import(text);',
    "import.meta.url;",
  ].join("\n");
  assertEquals(
    stripTypes(source, "a.ts").imports.map(({ specifier, isDynamic, line }) => [specifier, isDynamic, line]),
    [
      ["./a.ts", false, 1],
      ["./all.ts", false, 2],
      ["./b.ts", false, 2],
      ["./effect.ts", false, 5],
      ["./j.json", false, 5],
      ["./dynamic.ts", true, 6],
      [undefined, true, 6],
    ],
  );
});

for (
  const line of [
    "const u: Array<number> = [], w: string = here<string>(1);",
    "  const s: string = `${1 as number}`; let v: number = here!;",
    "export function f(this: Foo, a?: number, b: string = 'x'): asserts a is number { here(); }",
    "class A<T> extends B<T> implements C { private readonly p: T = here; }",
    "let a: b = b as b, c: { b: number } = { b: here };",
  ]
) {
  Deno.test(`stripTypes() knows where in the source a place came from: ${line.slice(0, 40)}…`, () => {
    const source = `// first line\n${line}\n`;
    const { code, sourceOf } = stripTypes(source, "a.ts");
    assertEquals(sourceOf(placeOf(code, "here")), placeOf(source, "here"));
  });
}
