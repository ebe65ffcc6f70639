import { assertEquals, assertThrows } from "@std/assert";
import { FormatError, PackError } from "../base/errors.ts";
import { Pdsc } from "./pdsc.ts";
import type { PdscDevice } from "./pdsc_types.ts";

function pack(devices: string, rest = ""): Pdsc {
  const head = "<package><vendor>V</vendor><name>P</name><releases><release version='1.2.3'>x</release></releases>";
  return new Pdsc(`${head}<devices>${devices}</devices>${rest}</package>`, "V.P.pdsc");
}

/** A device D in sub-family S of family F. */
function nested(family: string, subFamily: string, device: string): { pdsc: Pdsc; device: PdscDevice } {
  const pdsc = pack(
    `<family Dfamily="F" Dvendor="Vendor:7"><processor Dcore="Cortex-M4"/>${family}` +
      `<subFamily DsubFamily="S">${subFamily}<device Dname="D">${device}</device></subFamily></family>`,
  );
  return { pdsc, device: pdsc.device("D") };
}

const memory = (name: string, start: string, size: string, more = ""): string =>
  `<memory name="${name}" access="rx" start="${start}" size="${size}" ${more}/>`;
const algorithm = (name: string, more = ""): string => `<algorithm name="${name}" start="0" size="0x1000" ${more}/>`;

Deno.test("Pdsc refuses what is no description, and devices that are not there", () => {
  assertThrows(() => new Pdsc("<package>", "x.pdsc"), FormatError, "x.pdsc:1");
  assertThrows(() => new Pdsc("<index/>", "x.pdsc"), PackError, "it is not a package description but <index>");
  assertThrows(() => pack("").device("D"), PackError, "Cannot find device D in V.P.pdsc");
});

Deno.test("Pdsc leaves out single elements that are wrong, and says so with their line", () => {
  const { pdsc, device } = nested(
    "",
    "",
    "\n<memory name='A' start='0'/>\n<memory name='B' start='zero' size='4'/>" +
      memory("C", "0xFFFFFFFF", "2") + memory("OK", "0", "1k") + "<algorithm start='0' size='4'/>" +
      "<sequences><sequence/><sequence name='S'><what/></sequence></sequences>",
  );
  assertEquals(device.memories.map((m) => m.name), ["OK"]);
  assertEquals(pdsc.problems.map((problem) => `${problem.file}:${problem.line}: ${problem.message}`), [
    "V.P.pdsc:2: <memory> A has no size; left out",
    'V.P.pdsc:3: <memory> B has start="zero", which is not a number; left out',
    "V.P.pdsc:3: <memory> C covers 2 bytes at 0xffffffff, which is no range of a 32-bit address space; left out",
    "V.P.pdsc:3: <algorithm> has no name; left out",
    "V.P.pdsc:3: <sequence> has no name; left out",
    "V.P.pdsc:3: <what> does not belong into a sequence; left out",
  ]);
});

Deno.test("Pdsc keeps memories of one level that share a name, and lets an inner level extend the first", () => {
  const { device } = nested(
    memory("Flash", "0", "0x1000") + memory("Flash", "0x10000000", "64 KB"),
    "",
    memory("Flash", "0", "0x2000", 'default="1"'),
  );
  assertEquals(device.memories.map((m) => [m.name, m.start, m.size, m.isDefault]), [
    ["Flash", 0, 0x2000, true],
    ["Flash", 0x10000000, 0x10000, false],
  ]);
});

Deno.test("Pdsc takes no absurd number of memories and algorithms, and is soon done with them", () => {
  const many = (element: (i: number) => string): string => Array.from({ length: 5000 }, (_, i) => element(i)).join("");
  const { pdsc, device } = nested(
    many((i) => memory(`M${i}`, `${i * 16}`, "16")),
    many((i) => `<flashinfo name="I${i}" start="${i * 64}" pagesize="4"><block count="1" size="32"/></flashinfo>`),
    many((i) => `<algorithm name="A${i}" start="${i * 64}" size="32" default="1"/>`),
  );
  assertEquals([device.memories.length, device.algorithms.length, device.flashInfos.length], [256, 256, 256]);
  assertEquals(pdsc.problems.map((problem) => problem.message), [
    "a device has 5000 <memory>; those from here on are left out",
    "a device has 5000 <algorithm>; those from here on are left out",
    "a device has 5000 <flashinfo>; those from here on are left out",
  ]);
});

Deno.test("Pdsc lists variants in place of their device, and marks what has no Cortex-M", () => {
  const pdsc = pack(
    `<family Dfamily="F" Dvendor="Vendor:7"><processor Dcore="Cortex-M0+"/>` +
      `<device Dname="A"><variant Dvariant="A1"/><variant Dvariant="A2"/></device><device Dname="B"/><device/></family>` +
      `<family Dfamily="G" Dvendor="Vendor"><device Dname="R"><processor Dcore="other"/></device><device Dname="B"/></family>`,
  );
  assertEquals(pdsc.devices.map((d) => [d.name, d.deviceName, d.vendor, d.isSupported]), [
    ["A1", "A", "Vendor", true],
    ["A2", "A", "Vendor", true],
    ["B", "B", "Vendor", true],
    ["R", "R", "Vendor", false],
  ]);
  assertEquals(pdsc.problems.map((problem) => problem.message), [
    "<device> has no Dname; left out",
    "R has no Cortex-M processor (other); left out",
    "<device> B is described twice; the first one counts",
  ]);
  assertEquals([pdsc.vendor, pdsc.name, pdsc.version], ["V", "P", "1.2.3"]);
});

Deno.test("Pdsc merges processors over the levels, by Pname when they have one", () => {
  const { device } = nested("", "<processor Dclock='5' Dfpu='1'/>", "<processor Dclock='9'/>");
  assertEquals(device.processors.map((p) => [p.core, p.attributes["Dclock"], p.attributes["Dfpu"]]), [
    ["Cortex-M4", "9", "1"],
  ]);
  const two = nested("", "<processor Pname='A' Dclock='1'/>", "<processor Pname='B' Dcore='Cortex-M0+' Punits='2'/>");
  assertEquals(two.device.processors.map((p) => [p.pname, p.core, p.units]), [["A", "Cortex-M4", 1], [
    "B",
    "Cortex-M0+",
    2,
  ]]);
});

Deno.test("Pdsc lets inner memories extend outer ones of the same name and displace those they overlap", () => {
  const { pdsc, device } = nested(
    memory("Flash", "0", "0x1000", 'startup="1"') + memory("Old", "0x20000000", "0x1000"),
    memory("Flash", "0", "0x2000"),
    memory("New", "0x20000800", "0x1000", 'default="true"'),
  );
  assertEquals(device.memories.map((m) => [m.name, m.size, m.isStartup, m.isDefault]), [
    ["Flash", 0x2000, true, false],
    ["New", 0x1000, false, true],
  ]);
  assertEquals(pdsc.problems.map((problem) => problem.message), [
    "<memory> Old gives way to New of an inner level, which it overlaps",
  ]);
});

Deno.test("Pdsc reads the older form of memories, and memories of single processors", () => {
  const { device } = nested(
    "",
    "",
    '<memory id="IROM1" start="0" size="16" default="1 "/>' +
      '<memory id="RAM1" start="0x60000000" size="16"/>' +
      '<memory name="X" access="RWX" start="0x10" size="16" Pname="A" alias="Y" external="1"/>',
  );
  assertEquals(device.memories.map((m) => [m.name, m.access, m.isExternal, m.isDefault]), [
    ["IROM1", "rx", false, true],
    ["RAM1", "rwx", true, false],
    ["X", "rwx", true, false],
  ]);
  assertEquals([device.memories[2]?.pname, device.memories[2]?.alias], ["A", "Y"]);
});

Deno.test("Pdsc replaces algorithms of the same range and style, and keeps others", () => {
  const { device } = nested(
    algorithm("outer.FLM") + algorithm("iar.flash", 'style="IAR"'),
    "",
    algorithm("Flash\\inner.FLM", 'RAMstart="0x20000000" RAMsize="0x800" default="1"') + algorithm("second.FLM"),
  );
  assertEquals(device.algorithms.map((a) => [a.name, a.style, a.isDefault]), [
    ["iar.flash", "IAR", false],
    ["Flash/inner.FLM", "Keil", true],
    ["second.FLM", "Keil", false],
  ]);
  assertEquals(device.algorithms[1]?.ram, { start: 0x20000000, size: 0x800 });
});

Deno.test("Pdsc reads flash information with blocks, gaps and defaults", () => {
  const { device, pdsc } = nested(
    "",
    "",
    `<flashinfo name="I" start="0x100" pagesize="64" blankval="0">
    <block count="2" size="0x10" arg="1"/><gap size="0x20"/><block count="1" size="0x40"/></flashinfo>
    <flashinfo name="empty" start="0" pagesize="4"/>`,
  );
  const [info] = device.flashInfos;
  assertEquals(info?.blocks, [
    { start: 0x100, size: 0x10, count: 2, arg: 1n },
    { start: 0x140, size: 0x40, count: 1, arg: 0n },
  ]);
  assertEquals([info?.size, info?.blankValue, info?.filler], [0x80, 0n, 0xffff_ffff_ffff_ffffn]);
  assertEquals([info?.programTimeoutMs, info?.eraseTimeoutMs], [100, 300]);
  assertEquals(pdsc.problems.map((p) => p.message), ["<flashinfo> empty has no blocks or no page size; left out"]);
});

Deno.test("Pdsc reads how to connect", () => {
  const { device } = nested(
    '<debugconfig default="jtag" clock="1000" swj="0"/><debug svd="SVD\\a.svd" __dp="1"/>' +
      '<debugport __dp="0"><jtag tapindex="1" irlen="4"/><swd idcode="0x2BA01477" targetsel="0x01002927"/></debugport>' +
      '<accessportV2 __apid="3" __dp="1" address="0x2000" parent="2"/><accessportV1 __apid="2" index="1"/>',
    '<debugconfig dormant="true"/>',
    '<debug Pname="A" __apid="3" defaultResetSequence="ResetProcessor"><datapatch address="0xF8" value="1" type="AP"/></debug>' +
      '<debug Pname="B" __ap="1" address="0xE000E000"/><trace Pname="A"><serialwire/></trace>',
  );
  assertEquals(device.debugConfig, { protocol: "jtag", swj: false, dormant: true, clock: 1000 });
  assertEquals(device.debugs, [
    {
      dp: 1,
      pname: "A",
      apid: 3,
      svd: "SVD/a.svd",
      defaultResetSequence: "ResetProcessor",
      dataPatches: [{ type: "AP", address: 0xf8, value: 1n }],
    },
    { dp: 1, pname: "B", ap: 1, address: 0xe000e000, svd: "SVD/a.svd", dataPatches: [] },
    { dp: 1, svd: "SVD/a.svd", dataPatches: [] },
  ]);
  assertEquals(device.debugPorts, [{
    id: 0,
    jtag: { tapIndex: 1, irLength: 4 },
    swd: { idcode: 0x2ba01477, targetsel: 0x01002927 },
  }]);
  assertEquals(device.accessPorts, [
    { id: 2, version: 1, dp: 0, select: 1 },
    { id: 3, version: 2, dp: 1, select: 0x2000, parent: 2 },
  ]);
  assertEquals(device.traces, [{ kind: "serialwire", attributes: {}, pname: "A" }]);
});

Deno.test("Pdsc keeps sequences as a tree of text with lines; inner ones replace outer ones", () => {
  const { device } = nested(
    "<sequences><sequence name='A'/><sequence name='B' Pname='x'/></sequences>",
    "",
    `<debugvars configfile="a\\b.dbgconf" version="1.0">\n__var x = 1;</debugvars>
<sequences traceSetup="full"><sequence name="A" disable="1" info="i">
<block atomic="true" info="b">
  a = 1 &amp; 2; <!-- two
  lines --> c;
</block>
<control while="x &lt; 1" timeout="500">
  <control if="y"><block>z;</block></control>
</control></sequence></sequences>`,
  );
  assertEquals(device.debugVars, { code: "\n__var x = 1;", line: 1, configFile: "a/b.dbgconf", version: "1.0" });
  assertEquals(device.hasFullTraceSetup, true);
  assertEquals(device.sequences, [
    { name: "B", pname: "x", isDisabled: false, line: 1, nodes: [] },
    {
      name: "A",
      isDisabled: true,
      info: "i",
      line: 3,
      nodes: [
        { kind: "block", code: "\n  a = 1 & 2; \n c;\n", line: 4, atomic: true, info: "b" },
        {
          kind: "control",
          while: "x < 1",
          timeoutUs: 500,
          line: 8,
          nodes: [{
            kind: "control",
            if: "y",
            timeoutUs: 0,
            line: 9,
            nodes: [{ kind: "block", code: "z;", line: 9, atomic: false }],
          }],
        },
      ],
    },
  ]);
});

Deno.test("Pdsc reads boards", () => {
  const pdsc = pack(
    "",
    `<boards><board/><board vendor="V" name="Board" revision="A"><description>One</description>
    <mountedDevice deviceIndex="0" Dvendor="V:1" Dname="D1"/><compatibleDevice Dfamily="F"/>
    <algorithm name="ext.FLM" start="0x90000000" size="1M"/></board></boards>`,
  );
  const [board, ...more] = pdsc.boards();
  assertEquals(more, []);
  assertEquals([board?.name, board?.mountedDevices, board?.compatibleDevices], ["Board", ["D1"], ["F"]]);
  assertEquals(board?.algorithms.map((a) => a.size), [0x100000]);
  assertEquals(pdsc.problems.map((p) => p.message), ["<board> has no name; left out"]);
});
