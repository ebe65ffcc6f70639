/**
 * Values about the wire, the pins and the access ports.
 *
 * @module
 */
import { bit } from "../../base/bits.ts";
import { hex } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";
import { apName } from "../../dap/debug_port.ts";
import { MemAp } from "../../dap/mem_ap.ts";
import { PIN } from "../../probe/probe.ts";
import { parseFrequency } from "../../session/option_text.ts";
import type { CommandContext } from "../context.ts";
import { readAddress, readCount } from "../numbers.ts";
import type { ValueSpec } from "./spec.ts";

/** Names of the pins, in the order and with the bits of pyOCD's mask, and their bits in the probe's. */
const PINS: readonly (readonly [name: string, bit: number, probe: number])[] = [
  ["SWCLK/TCK", 0x01, PIN.swclk],
  ["SWDIO/TMS", 0x02, PIN.swdio],
  ["TDI", 0x04, PIN.tdi],
  ["TDO", 0x08, PIN.tdo],
  ["nRESET", 0x10, PIN.nreset],
  ["nTRST", 0x20, PIN.ntrst],
];

const HPROT_BITS: readonly (readonly [set: string, clear: string])[] = [
  ["data access", "instruction fetch"],
  ["privileged", "user"],
  ["bufferable", "non-bufferable"],
  ["cacheable", "non-cacheable"],
];

async function showAps(context: CommandContext): Promise<void> {
  const { aps } = context.session.target;
  const selected = aps.some((ap) => ap instanceof MemAp) ? context.memAp : undefined;
  context.write(`${aps.length} ${aps.length === 1 ? "AP" : "APs"}:\n`);
  for (const ap of aps) {
    context.write(`${apName(ap.address)}: ${ap.identity.name}${ap === selected ? " (selected)" : ""}\n`);
  }
}

async function showMemAp(context: CommandContext): Promise<void> {
  context.write(`${context.memAp.name} is selected\n`);
}

async function setMemAp(context: CommandContext, [word]: readonly string[]): Promise<void> {
  const { dp, target } = context.session;
  const number = await readAddress(context, required(word, "mem-ap", "0"));
  const name = apName(dp.isAdi6 ? { base: number } : { apsel: number });
  const ap = target.aps.find((each) => apName(each.address) === name);
  if (!(ap instanceof MemAp)) {
    throw new UsageError(`Cannot select ${name}: ${ap === undefined ? "it was not found" : "it is no way to memory"}`, {
      hint: "Run `show aps` for those that are there; `makeap` adds one",
    });
  }
  context.selectMemAp(ap);
}

async function showHprot(context: CommandContext): Promise<void> {
  const { hprot } = context.memAp.attributes;
  context.write(`${context.memAp.name} HPROT = ${hex(hprot, 2)}\n`);
  HPROT_BITS.forEach(([set, clear], i) => {
    context.write(`  bit ${i} = ${bit(hprot, i) ? 1 : 0} (${bit(hprot, i) ? set : clear})\n`);
  });
}

async function setHprot(context: CommandContext, [word]: readonly string[]): Promise<void> {
  const hprot = await readCount(context, required(word, "hprot", "3"), "HPROT", 0);
  if (hprot > 0xf) throw new UsageError(`Cannot set HPROT to ${word}: it has 4 bits`);
  context.memAp.attributes = { ...context.memAp.attributes, hprot };
}

async function showNonSecure(context: CommandContext): Promise<void> {
  const { nonSecure } = context.memAp.attributes;
  context.write(`${context.memAp.name} HNONSEC = ${nonSecure ? "1 (nonsecure)" : "0 (secure)"}\n`);
}

async function setNonSecure(context: CommandContext, [word]: readonly string[]): Promise<void> {
  const value = await readCount(context, required(word, "hnonsec", "1"), "HNONSEC", 0);
  if (value > 1) throw new UsageError(`Cannot set HNONSEC to ${word}: use 0 (secure) or 1 (nonsecure)`);
  context.memAp.attributes = { ...context.memAp.attributes, nonSecure: value === 1 };
}

async function setFrequency(context: CommandContext, [text = ""]: readonly string[]): Promise<void> {
  const hertz = parseFrequency(required(text || undefined, "frequency", "4MHz"));
  if (hertz === undefined) {
    throw new UsageError(`Cannot use ${text} as a frequency`, { hint: "Example: set frequency 4MHz" });
  }
  await context.session.probe.setFrequency(hertz);
  context.session.options.put("live", "frequency", hertz, "set");
}

async function showReset(context: CommandContext): Promise<void> {
  const levels = await context.session.probe.pins(0, 0, 0);
  context.write(`nRESET = ${levels & PIN.nreset ? 1 : 0}\n`);
}

async function setReset(context: CommandContext, [text = ""]: readonly string[]): Promise<void> {
  const level = required(text || undefined, "nreset", "0");
  if (level !== "0" && level !== "1") {
    throw new UsageError(`Cannot set nRESET to ${level}: it is no level`, { hint: "Use 0 (asserted) or 1" });
  }
  await context.session.dp.assertReset(text === "0");
}

async function showPins(context: CommandContext): Promise<void> {
  const levels = await context.session.probe.pins(0, 0, 0);
  const mask = PINS.reduce((sum, [, bit, probe]) => (levels & probe) === 0 ? sum : sum | bit, 0);
  context.write(`Pins = ${hex(mask, 2)}\n`);
  for (const [name, bit, probe] of PINS) context.write(`  ${name} (${hex(bit, 2)}) = ${levels & probe ? 1 : 0}\n`);
}

async function setPins(context: CommandContext, [word]: readonly string[]): Promise<void> {
  const mask = await readCount(context, required(word, "pins", "0x33"), "a pin mask", 0);
  if (mask > 0x3f) throw new UsageError(`Cannot set pins to ${word}: the mask has 6 bits`);
  const output = PINS.reduce((sum, [, bit, probe]) => (mask & bit) === 0 ? sum : sum | probe, 0);
  await context.session.probe.pins(output, PINS.reduce((sum, [, , probe]) => sum | probe, 0), 0);
}

async function showAccessiblePins(context: CommandContext): Promise<void> {
  const { protocols } = context.session.probe;
  if (protocols.includes("swd")) context.write("SWD:  SWCLK rw, SWDIO rw, nRESET rw\n");
  if (protocols.includes("jtag")) context.write("JTAG: TCK rw, TMS rw, TDI rw, TDO r, nTRST rw, nRESET rw\n");
}

function required(word: string | undefined, name: string, example: string): string {
  if (word !== undefined) return word;
  throw new UsageError(`Cannot set ${name} without a value`, { hint: `Example: set ${name} ${example}` });
}

/** Values about wire, pins and ports. */
export const PORT_VALUES: readonly ValueSpec[] = [
  {
    names: ["probe-uid", "uid"],
    help: "Unique ID of the probe.",
    show: async (context) => context.write(`Unique ID:    ${context.session.probe.uniqueId}\n`),
  },
  { names: ["frequency"], help: "Clock of the wire.", set: setFrequency },
  { names: ["nreset"], help: "Level of the nRESET pin.", show: showReset, set: setReset },
  { names: ["pins"], help: "Levels of all pins; set takes a mask of them.", show: showPins, set: setPins },
  { names: ["accessible-pins"], help: "Pins that can be read (r) and written (w).", show: showAccessiblePins },
  { names: ["aps"], help: "Access ports.", show: showAps },
  {
    names: ["mem-ap"],
    help: "Access port that memory commands use, by APSEL or ADIv6 address.",
    show: showMemAp,
    set: setMemAp,
  },
  {
    names: ["hprot", "memap_attr"],
    help: "Protection bits of memory accesses.",
    show: showHprot,
    set: setHprot,
  },
  {
    names: ["hnonsec"],
    help: "Security of memory accesses: 0 secure, 1 nonsecure.",
    show: showNonSecure,
    set: setNonSecure,
  },
];
