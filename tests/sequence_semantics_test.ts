/**
 * What every part of the sequence language does, each case with the clause of the Open-CMSIS-Pack specification
 * (page "Debug Description" unless another is named).
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InterruptedError, PackError, TargetError, TimeoutError } from "../lib/base/errors.ts";
import type { SequenceNode, SequenceSource } from "../lib/sequence/ast.ts";
import { SequenceEngine } from "../lib/sequence/engine.ts";
import { block, control, Notebook, runMain, sequence } from "./support/sequence_notebook.ts";

const SYNTAX = "Debug access syntax rules";
const EXPRESSION = "Expression rules";
const FUNCTION = "Debug access functions";
const VARIABLE = "Debug access variables";
const TOOLS = "Using external tools";
const SEQUENCE = "devices, sequence element";
const CONTROL = "devices, control element";
const BLOCK = "devices, block element";
const MAX = 0xffff_ffff_ffff_ffffn;

/** Clause, expression, value. */
const VALUES: readonly (readonly [string, string, bigint])[] = [
  [EXPRESSION, "42", 42n],
  [EXPRESSION, "0x2A", 42n],
  [EXPRESSION, "0X2a", 42n],
  [EXPRESSION, "0b101010", 42n],
  [EXPRESSION, "010", 10n],
  [EXPRESSION, "42u", 42n],
  [EXPRESSION, "0x2AUL", 42n],
  [EXPRESSION, "18446744073709551615", MAX],
  [EXPRESSION, "0xFFFFFFFFFFFFFFFF", MAX],
  [EXPRESSION, "1 /* two */ + 2", 3n],
  [SYNTAX, "1 + // two\n 2", 3n],
  [EXPRESSION, "7 + 3", 10n],
  [EXPRESSION, "7 - 3", 4n],
  [EXPRESSION, "7 * 3", 21n],
  [EXPRESSION, "7 / 3", 2n],
  [EXPRESSION, "7 % 3", 1n],
  [EXPRESSION, "6 & 3", 2n],
  [EXPRESSION, "6 | 3", 7n],
  [EXPRESSION, "6 ^ 3", 5n],
  [EXPRESSION, "~0", MAX],
  [EXPRESSION, "~0xFFFFFFFF", 0xffff_ffff_0000_0000n],
  [EXPRESSION, "-1", MAX],
  [EXPRESSION, "+5", 5n],
  [EXPRESSION, "- -5", 5n],
  [EXPRESSION, "1 << 31", 0x8000_0000n],
  [EXPRESSION, "1 << 63", 1n << 63n],
  [EXPRESSION, "1 << 64", 0n],
  [EXPRESSION, "1 << 0xFFFFFFFFFFFFFFFF", 0n],
  [EXPRESSION, "3 << 63", 1n << 63n],
  [EXPRESSION, "0xF0 >> 4", 15n],
  [EXPRESSION, "-1 >> 60", 15n],
  [EXPRESSION, "1 >> 64", 0n],
  [EXPRESSION, "0xFFFFFFFFFFFFFFFF + 1", 0n],
  [EXPRESSION, "0 - 1", MAX],
  [EXPRESSION, "0xFFFFFFFFFFFFFFFF * 2", MAX - 1n],
  [EXPRESSION, "0x100000000 * 0x100000000", 0n],
  [EXPRESSION, "1 == 1", 1n],
  [EXPRESSION, "1 == 2", 0n],
  [EXPRESSION, "1 != 2", 1n],
  [EXPRESSION, "1 < 2", 1n],
  [EXPRESSION, "2 <= 2", 1n],
  [EXPRESSION, "2 > 2", 0n],
  [EXPRESSION, "2 >= 2", 1n],
  [EXPRESSION, "-1 > 1", 1n],
  [EXPRESSION, "!0", 1n],
  [EXPRESSION, "!5", 0n],
  [EXPRESSION, "!!5", 1n],
  [EXPRESSION, "2 && 4", 1n],
  [EXPRESSION, "2 && 0", 0n],
  [EXPRESSION, "0 || 4", 1n],
  [EXPRESSION, "0 || 0", 0n],
  [EXPRESSION, "4 || 0", 1n],
  [EXPRESSION, "0 && (1 / 0)", 0n],
  [EXPRESSION, "1 || (1 / 0)", 1n],
  [EXPRESSION, "(1 < 2) ? 10 : 20", 10n],
  [EXPRESSION, "(1 > 2) ? 10 : 20", 20n],
  [EXPRESSION, "1 ? 10 : (1 / 0)", 10n],
  [EXPRESSION, "0 ? 1 : 0 ? 2 : 3", 3n],
  [EXPRESSION, "1 ? 0 ? 1 : 2 : 3", 2n],
  [EXPRESSION, "2 + 3 * 4", 14n],
  [EXPRESSION, "(2 + 3) * 4", 20n],
  [EXPRESSION, "20 / 4 / 5", 1n],
  [EXPRESSION, "10 - 4 - 3", 3n],
  [EXPRESSION, "1 + 2 << 3", 24n],
  [EXPRESSION, "1 << 2 < 5", 1n],
  [EXPRESSION, "1 << 2 << 3", 32n],
  [EXPRESSION, "3 & 2 == 2", 1n],
  [EXPRESSION, "(3 & 2) == 2", 1n],
  [EXPRESSION, "4 & 4 == 0", 0n],
  [EXPRESSION, "1 | 2 ^ 3 & 2", 1n],
  [EXPRESSION, "1 | 0 && 0", 0n],
  [EXPRESSION, "1 || 0 && 0", 1n],
  [EXPRESSION, "-2 + 3", 1n],
  [EXPRESSION, "~1 & 3", 2n],
  [EXPRESSION, "!1 == 0", 1n],
  [EXPRESSION, "1 < 2 == 1", 1n],
  [EXPRESSION, "(Read32(0x10) & 0xFF) + 1", 0x79n],
  [FUNCTION + ", Read8", "Read8(0x10)", 0x78n],
  [FUNCTION + ", Read16", "Read16(0x10)", 0x5678n],
  [FUNCTION + ", Read32", "Read32(0x10)", 0x1234_5678n],
  [FUNCTION + ", Read64", "Read64(0x10)", 0xaa_1234_5678n],
  [FUNCTION + ", ReadDP", "ReadDP(0x24)", 0x24n],
  [FUNCTION + ", ReadAP", "ReadAP(0xFC)", 0xfcn],
  [FUNCTION + ", ReadAccessAP", "ReadAccessAP(0x2FFC)", 0x2ffcn],
  [FUNCTION + ", Write32", "Write32(0x20, 1)", 0n],
  [FUNCTION + ", WriteDP", "WriteDP(8, 1)", 0n],
  [FUNCTION + ", names in any case, as packs write them", "READ32(0x10) == read32(0x10)", 1n],
  [FUNCTION + ", DAP_Delay", "DAP_Delay(10)", 0n],
  [FUNCTION + ", DAP_WriteABORT", "DAP_WriteABORT(0x1E)", 0n],
  [FUNCTION + ", DAP_SWJ_Pins", "DAP_SWJ_Pins(0, 0x80, 0)", 0x80n],
  [FUNCTION + ", DAP_SWJ_Clock", "DAP_SWJ_Clock(1000000)", 0n],
  [FUNCTION + ", DAP_SWJ_Sequence", "DAP_SWJ_Sequence(16, 0xE79E)", 0n],
  [FUNCTION + ", DAP_JTAG_Sequence", "DAP_JTAG_Sequence(5, 1, 0)", 0x15n],
  [FUNCTION + ", Query", 'Query(1, "Erase?", 4)', 4n],
  [FUNCTION + ", QueryValue", 'QueryValue("Key", 0x55)', 0x55n],
  [FUNCTION + ", Message", 'Message(0, "x")', 0n],
  [FUNCTION + ", LoadDebugInfo", 'LoadDebugInfo("none.axf")', 1n],
  [FUNCTION + ", Sequence", 'Sequence("ResetSystem")', 0n],
  [FUNCTION + ", BufferSize", "BufferSize(3)", 0n],
  [FUNCTION + ", BufferSet", "BufferSet(3, 4, 3, 2, 0x1234)", 6n],
  [FUNCTION + ", FilePathExists", 'FilePathExists("there.bin", 0)', 0n],
  [FUNCTION + ", FilePathExists", 'FilePathExists("absent.bin", 0)', 1n],
  [FUNCTION + ", RunApplication", 'RunApplication("tool", "-x", "", 1000)', 7n],
  [FUNCTION + ", FlashLoadAlgorithm", 'FlashLoadAlgorithm("a.FLM", 0x20000000, 0x1000)', 0n],
  [VARIABLE + ", __protocol", "__protocol & 0xFFFF", 2n],
  [VARIABLE + ", __connection", "__connection", 0x0101n],
  [VARIABLE + ", __traceout", "__traceout", 1n],
  [VARIABLE + ", user-defined", "DbgMCU_CR", 7n],
];

const PREDEFINED = { __protocol: 2n, __connection: 0x0101n, __traceout: 1n };

function prepared(): Notebook {
  const host = new Notebook();
  host.memory.set(0x10n, 0xaa_1234_5678n);
  host.registers.set("dp36", 0x24n);
  host.registers.set("ap252", 0xfcn);
  host.registers.set("apacc12284", 0x2ffcn);
  host.files.set("there.bin", Uint8Array.of(1, 2, 3));
  return host;
}

const VARIABLES = [{ name: "pdsc", line: 1, text: "__var DbgMCU_CR = 0x7;" }];

for (const [clause, expression, value] of VALUES) {
  Deno.test(`value of ${expression.replaceAll("\n", " ")} (${clause})`, async () => {
    const main = sequence("Main", block(`__Result = ${expression};`));
    const options = { variables: VARIABLES, predefined: () => PREDEFINED };
    assertEquals(await runMain([main], prepared(), options), { ran: true, result: value });
  });
}

interface Effect {
  readonly clause: string;
  readonly what: string;
  /** The children of `Main`, or the text of its only block. */
  readonly main: string | readonly SequenceNode[];
  readonly others?: readonly SequenceSource[];
  readonly pname?: string;
  readonly disabled?: readonly string[];
  readonly variables?: string;
  readonly prepare?: (host: Notebook) => void;
  /** What the notebook holds; `|` marks what had to be finished before the next. */
  readonly calls?: readonly string[];
  readonly batches?: readonly string[];
  readonly result?: bigint;
}

const EFFECTS: readonly Effect[] = [
  { clause: SYNTAX, what: "a variable holds its value", main: "__var x = 5; __Result = x;", result: 5n },
  { clause: SYNTAX, what: "a variable may be defined without a value", main: "__var x; __Result = x;", result: 0n },
  { clause: SYNTAX, what: "assignment gives a new value", main: "__var x = 5; x = x + 1; __Result = x;", result: 6n },
  { clause: SYNTAX, what: "assignment to an undeclared name makes it", main: "x = 5; __Result = x;", result: 5n },
  { clause: SYNTAX, what: "assignments nest to the right", main: "x = y = 3; __Result = x + y;", result: 6n },
  ...[["+=", 14n], ["-=", 10n], ["*=", 24n], ["/=", 6n], ["%=", 0n], ["&=", 0n], ["|=", 14n], ["^=", 14n], [
    "<<=",
    48n,
  ], [">>=", 3n]].map(([operator, result]): Effect => ({
    clause: EXPRESSION,
    what: `x ${operator} 2`,
    main: `__var x = 12; x ${operator} 2; __Result = x;`,
    result: result as bigint,
  })),
  { clause: SYNTAX, what: "the last semicolon may be missing", main: "__Result = 3", result: 3n },
  { clause: SYNTAX, what: "empty statements do nothing", main: ";; __Result = 3;;", result: 3n },
  { clause: SYNTAX, what: "a line may end without a semicolon", main: "x = 1\n__Result = x + 1;", result: 2n },
  {
    clause: SYNTAX,
    what: "blocks share one scope",
    main: [block("__var x = 1;"), block("__Result = x;")],
    result: 1n,
  },
  {
    clause: SYNTAX,
    what: "a control changes variables of its parents",
    main: [block("__var x = 1;"), control({ if: "x" }, block("__var y = 2; x = x + y;")), block("__Result = x;")],
    result: 3n,
  },
  {
    clause: SYNTAX,
    what: "names of a control end with it",
    main: [control({ if: "1" }, block("__var y = 2;")), control({ if: "1" }, block("y = 5;")), block("__Result = 9;")],
    result: 9n,
  },
  {
    clause: SYNTAX,
    what: "each round of a loop defines its own variables",
    main: [
      block("__var n = 0;"),
      control({ while: "n < 3", timeoutUs: 1000 }, block("__var y = 1; n = n + y; y = 5;")),
      block("__Result = n;"),
    ],
    result: 3n,
  },
  {
    clause: VARIABLE,
    what: "debug variables are not changed for later sequences",
    main: [block('DbgMCU_CR = 1; Sequence("Other");')],
    others: [sequence("Other", block("__Result = DbgMCU_CR;"))],
    result: 7n,
  },
  {
    clause: VARIABLE,
    what: "a variable of the description may follow from another one",
    main: "__Result = Twice;",
    variables: "__var Twice = DbgMCU_CR * 2;",
    result: 14n,
  },
  { clause: CONTROL, what: "if 0 skips", main: [control({ if: "0" }, block("Write32(0, 1);"))], calls: [] },
  {
    clause: CONTROL,
    what: "if with any other value runs once",
    main: [control({ if: "2" }, block("Write32(0, 1);"))],
    calls: ["w32 0x0 0x1"],
  },
  {
    clause: CONTROL,
    what: "if is evaluated once",
    main: [control({ if: "Read32(0)", while: "n < 2", timeoutUs: 100 }, block("n = n + 1;"))].reduce<SequenceNode[]>(
      (all, node) => [...all, node],
      [block("__var n = 0;")],
    ),
    prepare: (host) => host.memory.set(0n, 1n),
    calls: ["r32 0x0"],
  },
  {
    clause: CONTROL,
    what: "if 0 with while does nothing",
    main: [control({ if: "0", while: "Read32(0)", timeoutUs: 100 })],
    calls: [],
  },
  {
    clause: CONTROL,
    what: "while repeats as long as its condition holds",
    main: [
      block("__var n = 3;"),
      control({ while: "n", timeoutUs: 1_000_000 }, block("Write8(n, n); n = n - 1;")),
    ],
    calls: ["w8 0x3 0x3", "w8 0x2 0x2", "w8 0x1 0x1"],
  },
  {
    clause: CONTROL,
    what: "while without children polls",
    main: [control({ while: "Read32(4) == 0", timeoutUs: 20 }), block("__Result = 1;")],
    result: 1n,
  },
  {
    clause: CONTROL,
    what: "a loop whose time is over ends silently",
    main: [control({ while: "1", timeoutUs: 1_000_000 }, block("__var x = 0;")), block("__Result = 3;")],
    result: 3n,
  },
  {
    clause: CONTROL,
    what: "controls nest",
    main: [control({ if: "1" }, control({ if: "1" }, control({ if: "1" }, block("__Result = 8;"))))],
    result: 8n,
  },
  {
    clause: BLOCK,
    what: "statements of a block act in order",
    main: "Write32(0, 1); Write32(4, 2); Write32(0, 3);",
    batches: ["w32 0x0 0x1", "w32 0x4 0x2", "w32 0x0 0x3", "|"],
  },
  {
    clause: BLOCK,
    what: "an atomic block is queued in one go",
    main: [block("Write32(0, 1); x = Read32(0); y = Read32(4); Write32(8, 2);", { atomic: true })],
    batches: ["w32 0x0 0x1", "r32 0x0", "r32 0x4", "w32 0x8 0x2", "|"],
  },
  {
    clause: BLOCK,
    what: "an atomic block keeps the order when a write needs a value that was read",
    main: [block("x = Read32(0); Write32(4, x + 1); Write32(8, 5);", { atomic: true })],
    prepare: (host) => host.memory.set(0n, 0x41n),
    calls: ["r32 0x0", "w32 0x4 0x42", "w32 0x8 0x5"],
  },
  {
    clause: BLOCK,
    what: "line sequences of an atomic block go out together",
    main: [block("DAP_SWJ_Sequence(51, 0x7FFFFFFFFFFFF); DAP_SWJ_Sequence(16, 0xE79E);", { atomic: true })],
    batches: ["swj 51 0x7ffffffffffff", "swj 16 0xe79e", "|"],
  },
  {
    clause: BLOCK,
    what: "an empty block does nothing",
    main: [block("  // nothing\n"), block("__Result = 1;")],
    result: 1n,
  },
  {
    clause: FUNCTION + ", Sequence",
    what: "a called sequence runs where it is called",
    main: 'Write32(0, 1); Sequence("Other"); Write32(0, 3);',
    others: [sequence("Other", block("Write32(0, 2);"))],
    calls: ["w32 0x0 0x1", "w32 0x0 0x2", "w32 0x0 0x3"],
  },
  {
    clause: FUNCTION + ", Sequence",
    what: "it always returns 0",
    main: '__Result = 5 + Sequence("Other") * 0; __Result = Sequence("Other") == 0;',
    others: [sequence("Other", block("__Result = 9;"))],
    result: 1n,
  },
  {
    clause: SYNTAX + ", __Result",
    what: "the caller sees the result of what it called",
    main: 'Sequence("Other");',
    others: [sequence("Other", block("__Result = -1;"))],
    result: MAX,
  },
  {
    clause: SYNTAX + ", __Result",
    what: "it is not pushed: a called sequence that leaves it alone keeps the caller's",
    main: '__Result = 4; Sequence("Other");',
    others: [sequence("Other", block("Write32(0, __Result);"))],
    calls: ["w32 0x0 0x4"],
    result: 4n,
  },
  {
    clause: SYNTAX,
    what: "locals are not visible in a called sequence",
    main: '__var x = 5; x = 6; Sequence("Other"); __Result = x;',
    others: [sequence("Other", block("__var x = 1; x = 2;"))],
    result: 6n,
  },
  {
    clause: SYNTAX + ", __ap",
    what: "__dp, __ap and __apid select, are inherited and restored",
    main: '__dp = 1; __ap = 2; __apid = 3; Read32(0); Sequence("Other"); Read32(0);',
    others: [sequence("Other", block("Read32(4); __ap = 7; Read32(4);"))],
    calls: ["@1.2.3 r32 0x0", "@1.2.3 r32 0x4", "@1.7.3 r32 0x4", "@1.2.3 r32 0x0"],
  },
  {
    clause: SYNTAX + ", __ap",
    what: "a value assigned in a control is held until the sequence is left",
    main: [control({ if: "1" }, block("__ap = 4;")), block("WriteAP(0, 1);")],
    calls: ["@0.4.0 wap 0x0 0x1"],
  },
  {
    clause: SYNTAX + ", __errorcontrol",
    what: "a called sequence inherits it and gives it back",
    main: '__errorcontrol = 1; Sequence("Other"); Read32(0xBAD);',
    others: [sequence("Other", block("Read32(0xBAD); __errorcontrol = 0;"))],
    prepare: (host) => host.broken.add(0xbadn),
    calls: ["r32 0xbad", "r32 0xbad"],
  },
  {
    clause: VARIABLE + ", __errorcontrol",
    what: "bit 0 lets failing reads return 0",
    main: "__errorcontrol = 1; __Result = Read32(0xBAD) + 3;",
    prepare: (host) => host.broken.add(0xbadn),
    result: 3n,
  },
  {
    clause: VARIABLE + ", __errorcontrol",
    what: "bit 0 lets the sequence go on after a failing write",
    main: "__errorcontrol = 1; Write32(0xBAD, 1); Write32(4, 1); __Result = 5;",
    prepare: (host) => host.broken.add(0xbadn),
    result: 5n,
  },
  {
    clause: VARIABLE + ", __errorcontrol",
    what: "bit 0 skips other failures too",
    main: "__errorcontrol = 1; __Result = BufferGet(1, 0, 1) + 2;",
    result: 2n,
  },
  {
    clause: VARIABLE + ", __errorcontrol",
    what: "other bits mean nothing",
    main: "__errorcontrol = 3; __Result = Read32(0xBAD);",
    prepare: (host) => host.broken.add(0xbadn),
    result: 0n,
  },
  {
    clause: SEQUENCE + ", Pname",
    what: "a sequence of the processor comes before that of all",
    main: 'Sequence("Other");',
    others: [sequence("Other", block("__Result = 1;")), { ...sequence("Other", block("__Result = 2;")), pname: "cm4" }],
    pname: "cm4",
    result: 2n,
  },
  {
    clause: SEQUENCE + ", Pname",
    what: "a sequence without processor serves all",
    main: 'Sequence("Other");',
    others: [sequence("Other", block("__Result = 1;")), { ...sequence("Other", block("__Result = 2;")), pname: "cm4" }],
    pname: "cm7",
    result: 1n,
  },
  {
    clause: SEQUENCE + ", disable",
    what: "a standard sequence that is disabled is done natively where it is called",
    main: 'Sequence("ResetSystem");',
    others: [{ ...sequence("ResetSystem", block("Write32(0, 1);")), disabled: true }],
    calls: ["native ResetSystem"],
  },
  {
    clause: "Predefined debug access sequences",
    what: "a standard sequence that is not defined is done natively where it is called",
    main: 'Sequence("ResetHardware");',
    pname: "cm4",
    calls: ["native ResetHardware:cm4"],
  },
  {
    clause: "option disabled_sequences",
    what: "a name alone leaves calls alone",
    main: 'Sequence("Other");',
    others: [sequence("Other", block("__Result = 1;"))],
    disabled: ["Other"],
    result: 1n,
  },
  {
    clause: "option disabled_sequences",
    what: "an exclamation mark reaches calls too",
    main: 'Sequence("ResetSystem"); Sequence("Other");',
    others: [sequence("Other", block("__Result = 1;")), sequence("ResetSystem", block("__Result = 2;"))],
    disabled: ["other!", "RESETSYSTEM!"],
    calls: ["native ResetSystem"],
    result: 0n,
  },
  {
    clause: "option disabled_sequences",
    what: "a processor's name limits it",
    main: 'Sequence("ResetSystem");',
    others: [sequence("ResetSystem", block("__Result = 2;"))],
    disabled: ["ResetSystem:cm4!"],
    pname: "cm7",
    result: 2n,
  },
  {
    clause: FUNCTION + ", Message",
    what: "types are info, warning",
    main: 'Message(0, "a"); Message(1, "b");',
    calls: ["info: a", "warning: b"],
  },
  ...([
    ["%u|%X|%x|%%", "10, 0xAB, 0xCD", "10|AB|cd|%"],
    ["0x%08X %04u %6u|", "0xBEEF, 7, 8", "0x0000BEEF 0007      8|"],
    ["%u %llu", "0x100000001, 0x100000001", "1 4294967297"],
    ["%llX %o %b", "0xABCDEF012345, 8, 5", "ABCDEF012345 10 101"],
    ["%.4u %.3s %-4u|", '7, "abcdef", 5', "0007 abc 5   |"],
    ["%f %.2f", "0x3F800000, 0x40490FDB", "1.000000 3.14"],
    ["%Lf", "0x3FF8000000000000", "1.500000"],
    ["%d %lld", "0xFFFFFFFF, -2", "-1 -2"],
    ["%s %s", '"x"', "x %s"],
    ["%q", "1", "%q"],
  ] as const).map(([format, args, text]): Effect => ({
    clause: FUNCTION + ", Message",
    what: `formats ${format}`,
    main: `Message(0, "${format}", ${args});`,
    calls: [`info: ${text}`],
  })),
  {
    clause: FUNCTION + ", Message",
    what: "an error does not end a sequence that skips errors",
    main: '__errorcontrol = 1; Message(2, "bad"); __Result = 1;',
    calls: ["error: bad"],
    result: 1n,
  },
  {
    clause: FUNCTION + ", Query",
    what: "the answer of the user counts",
    main: '__Result = Query(1, "Erase?", 4);',
    prepare: (host) => host.answers.push(3n),
    calls: ["query 1 Erase?"],
    result: 3n,
  },
  {
    clause: FUNCTION + ", QueryValue",
    what: "the number of the user counts",
    main: '__Result = QueryValue("Key", 4);',
    prepare: (host) => host.answers.push(99n),
    result: 99n,
  },
  {
    clause: FUNCTION + ", DAP_SWJ_Pins",
    what: "the wait is in microseconds, at most three seconds",
    main: "DAP_SWJ_Pins(0x80, 0x80, 100); DAP_SWJ_Pins(0x80, 0x80, 9000000);",
    calls: ["pins 0x80 0x80 100", "pins 0x80 0x80 3000000"],
  },
  {
    clause: FUNCTION + ", DAP_Delay",
    what: "it is in microseconds, and everything before it goes out first",
    main: "Write32(0, 1); DAP_Delay(1500); Write32(0, 2);",
    batches: ["w32 0x0 0x1", "|", "delay 1500", "w32 0x0 0x2", "|"],
  },
  {
    clause: FUNCTION + ", Write8",
    what: "values are cut to the width",
    main: "Write8(0, 0x1FF); Write16(2, 0x12345); Write32(4, 0x112345678); Write64(8, -1);",
    calls: ["w8 0x0 0xff", "w16 0x2 0x2345", "w32 0x4 0x12345678", "w64 0x8 0xffffffffffffffff"],
  },
  {
    clause: FUNCTION + ", WriteAP",
    what: "registers of the access port",
    main: "__ap = 1; WriteAP(0xF0, 2); ReadAP(0xFC);",
    calls: ["@0.1.0 wap 0xf0 0x2", "@0.1.0 rap 0xfc"],
  },
  {
    clause: FUNCTION + ", WriteAccessAP",
    what: "the address space of ADIv6",
    main: "WriteAccessAP(0x2D00, 2); ReadAccessAP(0x2DFC);",
    calls: ["wapacc 0x2d00 0x2", "rapacc 0x2dfc"],
  },
  {
    clause: FUNCTION + ", arguments",
    what: "they may be expressions, evaluated from left to right",
    main: "Write32(Read32(0) + 4, Read32(8));",
    prepare: (host) => host.memory.set(0n, 0x20n).set(8n, 0x99n),
    calls: ["r32 0x0", "r32 0x8", "w32 0x24 0x99"],
  },
  {
    clause: FUNCTION + ", BufferSet",
    what: "elements are little-endian, new bytes are zero",
    main: "BufferSet(0, 4, 2, 2, 0x1234); __Result = BufferGet(0, 0, 8);",
    result: 0x1234_1234_0000_0000n,
  },
  {
    clause: FUNCTION + ", BufferSet",
    what: "a buffer grows and never shrinks",
    main: "BufferSet(0, 0, 9, 1, 1); BufferSet(0, 0, 1, 1, 2); __Result = BufferSize(0);",
    result: 9n,
  },
  {
    clause: FUNCTION + ", BufferSet",
    what: "sizes from 1 to 8 are allowed",
    main: "BufferSet(0, 3, 2, 3, 0xABCDEF); __Result = BufferGet(0, 6, 3);",
    result: 0xabcdefn,
  },
  {
    clause: FUNCTION + ", BufferRead",
    what: "bit 0 of the mode moves the address",
    main: "BufferRead(0, 0, 0x100, 8, 32 | 1); __Result = BufferGet(0, 4, 4);",
    prepare: (host) => host.memory.set(0x104n, 0x55n),
    calls: ["r32 0x100", "r32 0x104"],
    result: 0x55n,
  },
  {
    clause: FUNCTION + ", BufferRead",
    what: "without bit 0 the address stays",
    main: "BufferRead(0, 0, 0x100, 4, 16);",
    calls: ["r16 0x100", "r16 0x100"],
  },
  {
    clause: FUNCTION + ", BufferWrite",
    what: "it ends with the buffer and says how much it wrote",
    main: "BufferSet(0, 0, 6, 1, 0x11); __Result = BufferWrite(0, 0, 0x100, 8, 16 | 1);",
    calls: ["w16 0x100 0x1111", "w16 0x102 0x1111", "w16 0x104 0x1111"],
    result: 6n,
  },
  {
    clause: TOOLS + ", buffer handling",
    what: "a called sequence has its own buffers",
    main: 'BufferSet(0, 0, 4, 1, 1); Sequence("Other");',
    others: [sequence("Other", block("__Result = BufferSize(0);"))],
    result: 0n,
  },
  {
    clause: FUNCTION + ", BufferStreamIn",
    what: "reads a file of unknown size",
    main: '__Result = BufferStreamIn(0, 2, 0xFFFFFFFFFFFFFFFF, "there.bin", 0, 0) * 16 + BufferSize(0);',
    result: 3n * 16n + 5n,
  },
  {
    clause: FUNCTION + ", BufferStreamOut",
    what: "overwrites, or appends with mode 0x10",
    main: 'BufferSet(0, 0, 2, 1, 9); BufferStreamOut(0, 0, 2, "f", 0, 0); BufferStreamOut(0, 1, 9, "f", 0x10, 0);',
    calls: ["write f 9,9", "write f + 9"],
  },
  {
    clause: FUNCTION + ", RunApplication",
    what: "path, arguments, directory and time limit",
    main: 'RunApplication("$S/a.exe", "-o \\"x y\\"", "$P", 1000);',
    calls: ['run $S/a.exe [-o "x y"] in $P 1000'],
  },
  {
    clause: FUNCTION + ", FlashWriteBuffer",
    what: "hands on the page",
    main: "FlashWriteBuffer(__FlashAddr, 0, 64, 32 | 1);",
    calls: ["page 0x0 0 64 33"],
  },
  {
    clause: SYNTAX,
    what: "a string may hold comment signs, and back-slashes of paths",
    main: 'Message(0, "http://x C:\\\\Tools\\Q");',
    calls: ["info: http://x C:\\Tools\\Q"],
  },
];

for (const effect of EFFECTS) {
  Deno.test(`${effect.what} (${effect.clause})`, async () => {
    const host = prepared();
    effect.prepare?.(host);
    const main = typeof effect.main === "string" ? [block(effect.main)] : effect.main;
    const extra = effect.variables === undefined ? [] : [{ name: "dbgconf", line: 1, text: effect.variables }];
    const { result } = await runMain([sequence("Main", ...main), ...effect.others ?? []], host, {
      variables: [...VARIABLES, ...extra],
      predefined: () => ({ ...PREDEFINED, __FlashAddr: 0n }),
      ...(effect.pname === undefined ? {} : { pname: effect.pname }),
      ...(effect.disabled === undefined ? {} : { disabled: () => effect.disabled! }),
    });
    if (effect.calls) assertEquals(host.calls, [...effect.calls]);
    if (effect.batches) assertEquals(host.lines, [...effect.batches]);
    if (effect.result !== undefined) assertEquals(result, effect.result);
  });
}

/** Clause, what is wrong, text of a block that starts at line 10, part of the message. */
const MISTAKES: readonly (readonly [string, string, string, string])[] = [
  [SYNTAX, "a missing operand", "x = 1 + ;", 'Cannot read ";": a value belongs here at line 10, column 9'],
  [SYNTAX, "an open bracket", "x = (1 + 2;", '")" belongs here at line 10, column 11'],
  [SYNTAX, "two statements on one line", "x = 1 y = 2;", "a semicolon belongs before it at line 10, column 7"],
  [SYNTAX, "assignment to a number", "1 = 2;", "Cannot assign to anything but a variable at line 10, column 3"],
  [SYNTAX, "__var without a name", "__var = 2;", "the name of a variable belongs here"],
  [SYNTAX, "a string without end", 'Message(0, "a);', "Cannot find the end of the string"],
  [SYNTAX, "a comment without end", "/* x", "Cannot find the end of the comment"],
  [EXPRESSION, "an unknown character", "x = 1 @ 2;", 'Cannot read the character "@" at line 10, column 7'],
  [EXPRESSION, "a broken number", "x = 0xG1;", "Cannot read the number 0xG1"],
  [EXPRESSION, "a number beyond 64 bits", "x = 0x10000000000000000;", "in 64 bits"],
  [EXPRESSION, "indexing", "x[1] = 2;", 'Cannot read the character "["'],
  [EXPRESSION, "increment", "__var x = 1; x++;", "a value belongs here at line 10, column 17"],
  [SYNTAX, "an unknown variable", "\n  __Result = nothing;", "Unknown variable nothing at line 11, column 14"],
  [SYNTAX, "a name of a control used after it", "", ""],
  [FUNCTION, "an unknown function", "Wriet32(0, 1);", "Unknown function Wriet32 at line 10, column 1"],
  [FUNCTION, "too few arguments", "Write32(0);", "Write32 takes 2 arguments, not 1"],
  [FUNCTION, "too many arguments", "Read32(0, 1);", "Read32 takes 1 arguments, not 2"],
  [FUNCTION, "a number in place of a string", "Sequence(1);", "Argument 1 of Sequence must be a string"],
  [FUNCTION, "a string in place of a number", 'Read32("x");', "A string may only be an argument"],
  [FUNCTION, "storing a string", '__var x = "y";', "A string may only be an argument"],
  [FUNCTION + ", Sequence", "an unknown sequence", 'Sequence("Nobody");', 'Unknown sequence "Nobody"'],
  [VARIABLE, "writing __protocol", "__protocol = 1;", "Variable __protocol is read-only"],
  [VARIABLE, "writing __FlashAddr", "__FlashAddr += 4;", "Variable __FlashAddr is read-only"],
].filter(([, , text]) => text !== "") as [string, string, string, string][];

for (const [clause, what, text, message] of MISTAKES) {
  Deno.test(`${what} is refused before anything runs (${clause})`, async () => {
    const host = new Notebook();
    const main = sequence("Main", block("Write32(0, 0);"), block(text, { line: 10 }));
    const error = await assertRejects(() => runMain([main], host, { file: "x.pdsc" }), PackError, message);
    assertEquals([error.code, host.calls], ["sequence-invalid", []]);
    assert(error.message.includes("x.pdsc: sequence Main"), error.message);
  });
}

Deno.test(`names of a control are unknown after it (${SYNTAX})`, async () => {
  const main = sequence("Main", control({ if: "1" }, block("__var y = 1;")), block("__Result = y;", { line: 4 }));
  await assertRejects(() => runMain([main]), PackError, "Unknown variable y at line 4, column 12");
});

/** Clause, what goes wrong, text of the second block at line 10, part of the message. */
const FAILURES: readonly (readonly [string, string, string, string])[] = [
  [FUNCTION, "a failing read", "x = 1;\nRead32(0xBAD);", 'block 2 "second", line 11, column 1: Cannot access'],
  [FUNCTION, "a failing write", "Write32(4, 1);\n  Write32(0xBAD, 1);\nx = 2;", "line 11, column 3: Cannot access"],
  [EXPRESSION, "division by zero", "x = 1 / 0;", "line 10, column 7: Cannot divide by zero"],
  [EXPRESSION, "remainder by zero", "x = 1; x %= 0;", "remainder of a division by zero"],
  [FUNCTION + ", Message", "type 2", 'Message(2, "No %u", 5);', "The chip's description says: No 5"],
  [FUNCTION + ", BufferGet", "a buffer that does not exist", "BufferGet(1, 0, 1);", "it holds 0"],
  [FUNCTION + ", BufferGet", "an offset between elements", "BufferSet(1, 0, 8, 1, 0); BufferGet(1, 1, 2);", "multiple"],
  [FUNCTION + ", BufferSet", "an element of 9 bytes", "BufferSet(1, 0, 1, 9, 0);", "1 to 8 are allowed"],
  [FUNCTION + ", BufferSet", "an absurd size", "BufferSet(1, 0, 0xFFFFFFFFFF, 8, 0);", "all buffers may hold"],
  [FUNCTION + ", BufferWrite", "a buffer that is empty", "BufferWrite(5, 0, 0, 4, 32);", "nothing was put into it"],
  [FUNCTION + ", BufferStreamOut", "a buffer that is empty", 'BufferStreamOut(5, 0, 4, "f", 0, 0);', "nothing was put"],
  [FUNCTION + ", BufferRead", "an unknown access size", "BufferRead(0, 0, 0, 4, 24);", "8, 16, 32 or 64 bits"],
  [FUNCTION + ", BufferRead", "a length between elements", "BufferRead(0, 0, 0, 3, 32);", "not a multiple"],
  [FUNCTION + ", DAP_SWJ_Sequence", "no bits", "DAP_SWJ_Sequence(0, 0);", "1 to 64 are allowed"],
  [FUNCTION + ", DAP_SWJ_Sequence", "65 bits", "DAP_SWJ_Sequence(65, 0);", "1 to 64 are allowed"],
  [FUNCTION + ", DAP_JTAG_Sequence", "65 bits", "DAP_JTAG_Sequence(65, 0, 0);", "1 to 64 are allowed"],
  [FUNCTION + ", DAP_Delay", "an absurd delay", "DAP_Delay(-1);", "is the limit"],
  [FUNCTION + ", Sequence", "a sequence that calls itself", 'Sequence("Main");', "nested more than 32 deep"],
];

for (const [clause, what, text, message] of FAILURES) {
  Deno.test(`${what} ends the sequence and says where (${clause})`, async () => {
    const host = new Notebook();
    host.broken.add(0xbadn);
    const main = sequence("Main", block("__var x = 0;"), block(text, { line: 10, info: "second" }));
    const error = await assertRejects(() => runMain([main], host, { pname: "cm4" }), TargetError, message);
    assert(error.message.startsWith('Cannot run debug sequence Main (cm4): block 2 "second", line 1'), error.message);
    assertEquals([error.fields["sequence"], error.fields["pname"], error.fields["block"]], ["Main", "cm4", 2]);
  });
}

Deno.test(`a failure in a called sequence names that sequence (${FUNCTION}, Sequence)`, async () => {
  const sequences = [sequence("Main", block('Sequence("Other");')), sequence("Other", block("Read32(1 / 0);"))];
  const error = await assertRejects(() => runMain(sequences), TargetError, "Cannot run debug sequence Other: block 1");
  assertEquals(error.fields["sequence"], "Other");
});

Deno.test("sequences that fan out without end are stopped", async () => {
  const fan = (to: string): string => `Sequence("${to}");`.repeat(20);
  const names = ["Main", "A", "B", "C", "D", "E"];
  const sequences = names.map((name, i) => sequence(name, block(i + 1 < names.length ? fan(names[i + 1]!) : "1;")));
  await assertRejects(() => runMain(sequences), TargetError, "more than 100000 calls of sequences in one run");
});

Deno.test("a write that fails behind another failure does not surface in a later access", async () => {
  const host = new Notebook();
  host.broken.add(0xbadn);
  const engine = new SequenceEngine({
    host,
    sequences: [
      sequence("Main", block("Write32(0xBAD, 1); BufferGet(1, 0, 1);")),
      sequence("Fine", block("Read32(0);")),
    ],
  });
  await assertRejects(() => engine.run("Main"), TargetError, "it holds 0");
  assertEquals((await engine.run("Fine")).ran, true);
});

Deno.test(`a loop without a time limit ends with an error (${CONTROL}, timeout)`, async () => {
  const host = new Notebook();
  const main = sequence("Main", control({ while: "Read32(0) == 0", line: 7 }));
  const error = await assertRejects(() => runMain([main], host), TargetError, "line 7, column 11");
  assert(error.cause instanceof TimeoutError && error.exitCode === 6 && host.clock.now() >= 60_000);
});

Deno.test(`a loop that looks at nothing is a delay of its time limit (${CONTROL}, timeout)`, async () => {
  const host = new Notebook();
  await runMain([sequence("Main", control({ while: "1", timeoutUs: 50_000 }))], host);
  assertEquals([host.clock.now(), host.calls], [50, []]);
});

Deno.test("a sequence can be interrupted in a loop", async () => {
  const stop = new AbortController();
  const host = new Notebook();
  host.swjPins = () => {
    stop.abort();
    return Promise.resolve(0);
  };
  const main = sequence("Main", control({ while: "DAP_SWJ_Pins(0, 0, 0) == 0", timeoutUs: 1_000_000 }));
  await assertRejects(() => runMain([main], host, { signal: stop.signal }), InterruptedError);
});

Deno.test("what is missing, disabled or switched off says that it did not run", async () => {
  const main = sequence("Main", block("__Result = 1;"));
  const nothing = { ran: false, result: 0n };
  assertEquals(await runMain([]), nothing);
  assertEquals(await runMain([{ ...main, disabled: true }]), nothing);
  // One processor's that is switched off does not fall back to that of all: the description wants the native step.
  const own = { ...sequence("Main", block("__Result = 2;")), pname: "cm4", disabled: true };
  assertEquals(await runMain([main, own], new Notebook(), { pname: "cm4" }), nothing);
  assertEquals((await runMain([main, own], new Notebook(), { pname: "cm7" })).result, 1n);
  assertEquals(await runMain([main], new Notebook(), { enabled: () => false }), nothing);
  assertEquals(await runMain([main], new Notebook(), { disabled: () => ["main"] }), nothing);
  assertEquals(await runMain([main], new Notebook(), { disabled: () => ["Main:cm4"], pname: "cm4" }), nothing);
  assertEquals(await runMain([main], new Notebook(), { disabled: () => ["Main:cm4"], pname: "cm7" }), {
    ran: true,
    result: 1n,
  });
});

Deno.test("switching off and changing variables act at once", async () => {
  let disabled: string[] = [];
  const host = new Notebook();
  const engine = new SequenceEngine({
    host,
    sequences: [sequence("Main", block("__Result = DbgMCU_CR;"))],
    variables: VARIABLES,
    disabled: () => disabled,
  });
  engine.setVariables([...VARIABLES, { name: "option", line: 1, text: "DbgMCU_CR = 0x10 | DbgMCU_CR;" }]);
  assertEquals((await engine.run("Main")).result, 0x17n);
  disabled = ["Main"];
  assertEquals((await engine.run("Main")).ran, false);
});

Deno.test("list() shows what would run", () => {
  const engine = new SequenceEngine({
    host: new Notebook(),
    sequences: [
      { ...sequence("ResetProcessor"), disabled: true },
      { ...sequence("DebugCoreStart"), pname: "cm4" },
      { ...sequence("Helper"), info: "Helps" },
    ],
    disabled: () => ["DebugCoreStart:cm4"],
  });
  const rows = engine.list().filter((row) => row.defined).map((r) => [r.name, r.pname, r.standard, r.enabled]);
  assertEquals(rows, [
    ["ResetProcessor", undefined, true, false],
    ["DebugCoreStart", "cm4", true, false],
    ["Helper", undefined, false, true],
  ]);
  assertEquals(engine.list().find((row) => row.name === "Helper")?.info, "Helps");
  assert(engine.list().some((row) => row.name === "TraceStart" && !row.defined));
});

Deno.test("a trace names sequence, line, call and result", async () => {
  const seen: string[] = [];
  const main = sequence("Main", block("Write32(0x10, 0x20);\nRead32(0x10);", { line: 5 }));
  await runMain([main], new Notebook(), {
    trace: (e) => seen.push(`${e.sequence}:${e.at.line}:${e.at.column} ${e.call} = ${e.result}`),
  });
  assertEquals(seen, ["Main:5:1 Write32(0x10, 0x20) = 0", "Main:6:1 Read32(0x10) = 32"]);
});

Deno.test("there are enough cases", () => {
  assert(VALUES.length + EFFECTS.length + MISTAKES.length + FAILURES.length >= 150);
});
