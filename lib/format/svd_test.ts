import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../base/errors.ts";
import { parseSvd } from "./svd.ts";
import type { SvdDevice } from "./svd_types.ts";

function device(peripherals: string): SvdDevice {
  return parseSvd(`<device><name>D</name><size>32</size><peripherals>${peripherals}</peripherals></device>`, "d.svd");
}

function peripheral(registers: string, attributes = "", name = "P"): string {
  return `<peripheral ${attributes}><name>${name}</name><baseAddress>0x1000</baseAddress>` +
    `<registers>${registers}</registers></peripheral>`;
}

function register(body: string, name = "R"): string {
  return `<register><name>${name}</name><addressOffset>0</addressOffset>${body}</register>`;
}

const field = (body: string): string => `<fields><field><name>F</name>${body}</field></fields>`;
const names = (svd: SvdDevice): string[] =>
  svd.peripherals.flatMap((p) => p.registers.map((r) => `${p.name}.${r.name}`));

function fails(peripherals: string, reason: string): void {
  assertThrows(() => device(peripherals), FormatError, reason);
}

Deno.test("parseSvd() refuses what is no description or contradicts itself", () => {
  assertThrows(() => parseSvd("<package/>", "d.svd"), FormatError, "it is not a System View Description but <package>");
  fails("<peripheral><name>P</name></peripheral>", "Cannot read d.svd:1: <peripheral> P has no <baseAddress>");
  fails(peripheral(register("<size>big</size>")), "<size> is big, which is not a number");
  fails(peripheral(register(field(""))), "<field> F does not say which bits it takes");
  fails(peripheral(register(field("<bitRange>[3:4]</bitRange>"))), "<field> F takes bits that no register has");
  fails(peripheral(register(field("<lsb>60</lsb><msb>64</msb>"))), "<field> F takes bits that no register has");
});

Deno.test("parseSvd() refuses derivation from nothing and in circles", () => {
  fails(peripheral("", 'derivedFrom="Q"'), "it derives from Q, which does not exist");
  fails(peripheral("", 'derivedFrom="P"'), "it derives from P in a circle");
  fails(peripheral("", 'derivedFrom="Q"') + peripheral("", 'derivedFrom="P"', "Q"), "in a circle");
});

Deno.test("parseSvd() refuses arrays that would fill memory", () => {
  const dim = (n: number, inner: string) =>
    `<cluster><dim>${n}</dim><dimIncrement>4</dimIncrement><name>C%s</name>` +
    `<addressOffset>0</addressOffset>${inner}</cluster>`;
  fails(peripheral(dim(70_000, "")), "a <dim> of 70000 is too large");
  fails(peripheral(dim(60_000, dim(60_000, register("")))), "it stands for more than 500000 elements");
  fails(
    peripheral(
      "<register><dim>3</dim><dimIncrement>4</dimIncrement><dimIndex>A,B</dimIndex><name>R%s</name></register>",
    ),
    "<dimIndex> does not name 3 elements",
  );
});

Deno.test("parseSvd() expands arrays by count, range, letters and list", () => {
  const dim = (index: string, name: string) =>
    `<register><dim>2</dim><dimIncrement>4</dimIncrement>${index}<name>${name}</name><addressOffset>8</addressOffset></register>`;
  const svd = device(peripheral(
    dim("", "A[%s]") + dim("<dimIndex>3-4</dimIndex>", "B%s") + dim("<dimIndex>X-Y</dimIndex>", "C%s") +
      dim("<dimIndex>p, q</dimIndex>", "D%s"),
  ));
  assertEquals(svd.peripherals[0]?.registers.map((r) => `${r.name}@${r.address.toString(16)}`).sort(), [
    "A[0]@1008",
    "A[1]@100c",
    "B3@1008",
    "B4@100c",
    "CX@1008",
    "CY@100c",
    "Dp@1008",
    "Dq@100c",
  ]);
});

Deno.test("parseSvd() joins cluster names and offsets", () => {
  const svd = device(peripheral(
    `<cluster><dim>2</dim><dimIncrement>0x10</dimIncrement><name>CH%s</name><addressOffset>0x100</addressOffset>` +
      `<cluster><name>IN</name><addressOffset>4</addressOffset>${register("", "CTRL")}</cluster></cluster>`,
  ));
  assertEquals(svd.peripherals[0]?.registers.map((r) => [r.name, r.address]), [
    ["CH0.IN.CTRL", 0x1104],
    ["CH1.IN.CTRL", 0x1114],
  ]);
});

Deno.test("parseSvd() derives peripherals, registers, fields and values", () => {
  const values =
    "<enumeratedValues><name>L</name><enumeratedValue><name>ON</name><value>1</value></enumeratedValue></enumeratedValues>";
  const base = peripheral(
    register("<description>base</description>" + field(`<bitOffset>3</bitOffset>${values}`), "A") +
      `<register derivedFrom="A"><name>B</name><addressOffset>4</addressOffset></register>` +
      register(field(`<lsb>1</lsb><msb>2</msb><enumeratedValues derivedFrom="L"/>`), "C"),
  );
  const derived = '<peripheral derivedFrom="P"><name>Q</name><baseAddress>0x2000</baseAddress>' +
    `<registers>${register("<description>own</description>", "A")}</registers></peripheral>`;
  const svd = device(base + derived);
  assertEquals(names(svd).sort(), ["P.A", "P.B", "P.C", "Q.A", "Q.B", "Q.C"]);
  const [p, q] = svd.peripherals;
  const b = p?.registers.find((r) => r.name === "B");
  assertEquals([b?.address, b?.description, b?.fields[0]?.low], [0x1004, "base", 3]);
  assertEquals(p?.registers.find((r) => r.name === "C")?.fields[0]?.values, [{
    name: "ON",
    value: 1n,
    description: "",
  }]);
  assertEquals(q?.registers.find((r) => r.name === "A")?.description, "own");
  assertEquals(q?.registers.find((r) => r.name === "B")?.address, 0x2004);
});

Deno.test("parseSvd() passes size, access and reset value down", () => {
  const svd = parseSvd(
    `<device><name>D</name><size>16</size><access>read-only</access><resetValue>0x5</resetValue><peripherals>` +
      peripheral(
        register("", "A") + register("<size>8</size><access>write-only</access><readAction>clear</readAction>", "B"),
      ) +
      `</peripherals></device>`,
    "d.svd",
  );
  assertEquals(svd.peripherals[0]?.registers.map((r) => [r.name, r.size, r.access, r.resetValue, r.hasReadEffect]), [
    ["A", 16, "read-only", 5n, false],
    ["B", 8, "write-only", 5n, true],
  ]);
});
