import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { TargetError, TimeoutError, UsageError } from "../base/errors.ts";
import { type LoadedScript, loadScript, type ScriptLibrary } from "./loader.ts";

const LIBRARY: ScriptLibrary = { double: (n: number) => n * 2, TargetError, default: 1 };

/** Writes files into a fresh directory, loads the first one, and cleans up. */
async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  work: (load: () => Promise<LoadedScript>, base: string) => Promise<T>,
): Promise<T> {
  const base = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(join(base, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(base, name), text);
    }
    const path = join(base, Object.keys(files)[0]!);
    return await work(() => loadScript({ path, base, library: LIBRARY }), base);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

const BROKEN: readonly (readonly [name: string, files: Record<string, string>, message: string])[] = [
  ["a syntax error", { "a.ts": "const a = 1;\nconst b: number = ;\n" }, "a.ts:2:19: Unexpected token"],
  [
    "a syntax error in an imported file",
    { "a.ts": 'import "./lib/b.ts";', "lib/b.ts": "\n\nlet = 1 1;" },
    "lib/b.ts:3:5: Unexpected token",
  ],
  ["a name declared twice", { "a.ts": "const a: number = 1;\nconst a = 2;\n" }, "a.ts:2:7: Identifier 'a'"],
  ["a throw while loading", { "a.ts": "const a: Array<number> = [1]; throw new Error('boom');" }, "a.ts:1:37: boom"],
  [
    "a throw in a function of another file",
    { "a.ts": 'import { f } from "./b.ts";\nf();', "b.ts": "export function f(): void {\n  null!.x;\n}\n" },
    "b.ts:2:9: Cannot read properties of null",
  ],
  ["an import of what is not exported", { "a.ts": 'import { b } from "./b.ts";\nb;', "b.ts": "" }, "a.ts:1:10: "],
  [
    "an import of what tapir lacks",
    { "a.ts": '\nimport { dubble } from "tapir";\ndubble;' },
    "a.ts:2:10: The module tapir",
  ],
  ["an import of a missing file", { "a.ts": 'import { b } from "./b.ts"; b;' }, "a.ts:1:19: ./b.ts does not exist"],
  ["an import without ending", { "a.ts": 'import { b } from "./b"; b;', "b.ts": "" }, "a.ts:1:19: ./b is no script"],
  ["an npm package", { "a.ts": 'import x from "npm:left-pad"; x;' }, "a.ts:1:15: npm:left-pad cannot be imported"],
  ["a remote file", { "a.ts": 'import "https://example.com/a.ts";' }, "a.ts:1:8: https://example.com/a.ts cannot be"],
  ["a bare name", { "a.ts": 'import x from "lodash"; x;' }, "a.ts:1:15: lodash cannot be imported"],
  ["a computed import", { "a.ts": 'const n = "./b.ts";\nawait import(n);' }, "a.ts:2:14: import() of a computed name"],
  ["a throw in a directory with a strange name", {
    "my (copy) ü#1%20/a.ts": "const a = (n: number): never => { throw new Error('boom'); }; a(1);",
  }, "my (copy) ü#1%20/a.ts:1:41: boom"],
  [
    "a decorator",
    { "a.ts": "const d = (c: unknown) => c;\n@d class A {}\nnew A();" },
    "a.ts:2:1: Decorators do not work",
  ],
  ["JSON imported as a script", { "a.ts": 'import j from "./j.json"; j;', "j.json": "{}" }, "a.ts:1:"],
];

for (const [name, files, message] of BROKEN) {
  Deno.test(`loadScript() refuses ${name} and says where`, async () => {
    await withFiles(files, async (load) => {
      const error = await assertRejects(load, UsageError, `Cannot load ${message}`);
      assertEquals(typeof error.fields.line, "number");
    });
  });
}

Deno.test("loadScript() does not wait for ever", async () => {
  const gate = Promise.withResolvers<void>();
  Object.assign(globalThis, { scriptTestGate: gate.promise });
  await withFiles({ "a.ts": "await (globalThis as any).scriptTestGate;" }, async (_, base) => {
    await assertRejects(
      () => loadScript({ path: join(base, "a.ts"), base, library: LIBRARY, timeoutMs: 1 }),
      TimeoutError,
      "Cannot load a.ts: its top level has not ended",
    );
    gate.resolve();
  });
});

Deno.test("loadScript() says what to do when there is no place for temporary files", async () => {
  await withFiles({ "a.ts": "" }, async (_, base) => {
    assertEquals(await loadElsewhere(join(base, "missing"), base, ["a.ts"]), [["no-temporary-directory"], []]);
  });
});

Deno.test("loadScript() names the JSON file that is broken, not who imports it", async () => {
  const files = { "a.ts": 'import j from "./j.json" with { type: "json" }; j;', "j.json": '{\n "a": oops\n}\n' };
  await withFiles(files, async (load) => {
    const error = await assertRejects(load, UsageError, "Cannot load j.json: Unexpected token 'o'");
    assert(!error.message.includes("\n"));
  });
});

Deno.test("loadScript() survives errors that are frozen, or their own cause", async () => {
  for (const change of ["Object.freeze(e)", "e.cause = e"]) {
    await withFiles({ "a.ts": `const e: Error = new Error("odd"); ${change};\nthrow e;` }, async (load) => {
      await assertRejects(load, UsageError, "Cannot load a.ts:1:18: odd");
    });
  }
});

Deno.test("loadScript() knows a near name for what tapir lacks", async () => {
  await withFiles({ "a.ts": 'import { dubble } from "tapir"; dubble;' }, async (load) => {
    const error = await assertRejects(load, UsageError);
    assertEquals(error.hint, "Did you mean double?");
  });
});

Deno.test("loadScript() keeps code, hint and exit code of errors that the script throws", async () => {
  const text =
    'import { TargetError } from "tapir";\nthrow new TargetError("Cannot go on", { code: "x", hint: "Rest" });';
  await withFiles({ "a.ts": text }, async (load) => {
    const error = await assertRejects(load, Error, "Cannot load a.ts:2:7: Cannot go on");
    assertEquals(error, Object.assign(error, { code: "x", hint: "Rest", exitCode: 1 }));
  });
});

Deno.test("loadScript() runs files that import each other, JSON, node: modules and tapir", async () => {
  const files = {
    "main.ts": [
      'import { double } from "tapir";',
      'import { later, type Shape } from "./lib/other.ts";',
      'import data from "./data.json" with { type: "json" };',
      'import { basename } from "node:path";',
      'import { plain } from "./plain.js";',
      "export function own(): number { return 1; }",
      "const shape: Shape = { size: double(data.x) };",
      "export const result = [shape.size, later(), basename('/a/b'), plain];",
      "export const where = import.meta.url;",
      "export const lazy = async (): Promise<number> => (await import('./lib/lazy.ts')).value;",
    ].join("\n"),
    "lib/other.ts":
      'import { own } from "../main.ts";\nexport interface Shape { size: number }\nexport const later = () => own();',
    "lib/lazy.ts": "export const value: number = await Promise.resolve(7);",
    "data.json": '{ "x": 21 }',
    "plain.js": "#!/usr/bin/env deno\nexport const plain = true;\n",
  };
  await withFiles(files, async (load, base) => {
    const script = await load();
    assertEquals(script.exports.result, [42, 1, "b", true]);
    assertEquals(script.exports.where, new URL(`file://${join(base, "main.ts")}`).href);
    assertEquals(await (script.exports.lazy as () => Promise<number>)(), 7);
    assertEquals(script.files.length, 5);
  });
});

Deno.test("loadScript() loads afresh each time", async () => {
  await withFiles(
    { "a.ts": 'import { b } from "./b.ts"; export const a: number = b;', "b.ts": "export const b = 1;" },
    async (load, base) => {
      assertEquals((await load()).exports.a, 1);
      await Deno.writeTextFile(join(base, "b.ts"), "export const b = 2;");
      assertEquals((await load()).exports.a, 2);
    },
  );
});

Deno.test("LoadedScript.translate() names the script's own lines in stacks, and placeOf() the innermost", async () => {
  const text = "export const fail = (n: number): never => {   throw new Error(`bad ${n}`); };\n";
  await withFiles({ "a.ts": text }, async (load, base) => {
    const { exports, placeOf, placeOfExport, translate } = await load();
    let error: unknown;
    try {
      (exports.fail as (n: number) => never)(3);
    } catch (caught) {
      error = caught;
    }
    assertEquals(placeOf(error), { path: join(base, "a.ts"), line: 1, column: 53 });
    assertEquals(placeOf(new Error("elsewhere")), undefined);
    assertEquals(placeOfExport("fail").column, 14);
    translate(error);
    assertStringIncludes((error as Error).stack!, `${join(base, "a.ts")}:1:53`);
    assert(!(error as Error).stack!.includes("tapir-script-"));
  });
});

/** Loads the scripts it is given, and prints the codes of the errors and what is left of the temporary files. */
const LOADER = `
  const { loadScript } = await import(${JSON.stringify(new URL("./loader.ts", import.meta.url).href)});
  const [base, ...names] = Deno.args;
  const codes = [];
  for (const name of names) {
    const load = loadScript({ path: base + "/" + name, base, library: {} });
    codes.push(await load.then(() => "loaded", (error) => error.code));
  }
  const left = () => [...Deno.readDirSync(Deno.env.get("TMPDIR"))].map((entry) => entry.name);
  console.log(JSON.stringify([codes, await Promise.resolve().then(left).catch(() => [])]));
`;

/** Works in a process of its own: the directory for temporary files belongs to the process, other tests included. */
async function loadElsewhere(tmp: string, base: string, names: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", LOADER, base, ...names],
    cwd: new URL("../../", import.meta.url),
    env: { TMPDIR: tmp },
  }).output();
  const text = new TextDecoder();
  assert(stdout.length > 0, text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

Deno.test("loadScript() leaves no files behind", async () => {
  const tmp = await Deno.makeTempDir();
  await withFiles({ "good.ts": "export const a = 1;", "bad.ts": "throw 1;" }, async (_, base) => {
    assertEquals(await loadElsewhere(tmp, base, ["good.ts", "bad.ts"]), [["loaded", "script-failed"], []]);
  });
  await Deno.remove(tmp, { recursive: true });
});
