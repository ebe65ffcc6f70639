/**
 * Debug-sequence text that nobody meant to be one.
 */
import { assert, assertRejects } from "@std/assert";
import fc from "fast-check";
import { PackError, TapirError } from "../lib/base/errors.ts";
import { sequenceFunctions } from "../lib/sequence/functions.ts";
import { parseBlock } from "../lib/sequence/parser.ts";
import { debugVariables } from "../lib/sequence/variables.ts";
import { block, control, Notebook, runMain, sequence } from "./support/sequence_notebook.ts";

const WORDS = [
  "__var",
  "x",
  "y",
  "__Result",
  "__ap",
  "__errorcontrol",
  "=",
  "+=",
  "==",
  "&&",
  "||",
  "<<",
  ">>",
  "?",
  ":",
  "(",
  ")",
  ",",
  ";",
  "\n",
  "0",
  "1",
  "0xFFFFFFFFFFFFFFFF",
  "0x",
  "~",
  "!",
  "-",
  "/",
  "%",
  '"a"',
  '"',
  "//",
  "/*",
  "*/",
  ...[...sequenceFunctions().values()].map((fn) => fn.name),
];

const PROGRAM = `__var x = Read32(0x10); x |= (1 << 4) & ~x;
Write32(0x10, x ? x : 3); BufferSet(0, 0, 4, 2, x); Message(0, "x = %08X", BufferGet(0, 2, 2));
DAP_Delay(10); __Result = (x == 3) || Query(1, "Go?", 3) && ReadDP(4);`;

/** Everything but an error of ours is a crash; time is virtual, so a hang would show as one. */
async function survives(text: string): Promise<void> {
  try {
    parseBlock({ text, line: 1 });
    const nodes = [block(text), control({ while: text, timeoutUs: 50 }, block(text, { atomic: true }))];
    await runMain([sequence("Main", ...nodes)], new Notebook());
  } catch (error) {
    assert(error instanceof TapirError, `${JSON.stringify(text)}: ${error}`);
  }
}

Deno.test("mutated text never crashes nor hangs the engine", async () => {
  const edit = fc.tuple(
    fc.nat(PROGRAM.length),
    fc.nat(6),
    fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 4 })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
      let text = PROGRAM;
      for (const [at, remove, insert] of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      await survives(text);
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("random words never crash nor hang the engine", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...WORDS), { maxLength: 30 }), (words) => survives(words.join(" "))),
    { numRuns: 10_000 },
  );
});

Deno.test("hostile text is refused instead of exhausting the stack", async () => {
  const many = 100_000;
  for (
    const text of [
      "(".repeat(many),
      "-".repeat(many) + "1",
      "1" + "+1".repeat(many),
      "x=".repeat(many),
      "1?".repeat(many),
    ]
  ) {
    await assertRejects(() => runMain([sequence("Main", block(text))]), PackError);
  }
  for (const bad of ["x =", "f(1);", "x = y;", 'x = "s";', "__var a = 1 / 0;"]) {
    try {
      debugVariables([{ name: "my.dbgconf", line: 1, text: bad }]);
      assert(false, `${bad} was taken`);
    } catch (error) {
      assert(error instanceof PackError && error.message.includes("my.dbgconf"), String(error));
    }
  }
});
