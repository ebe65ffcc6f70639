/** Command lines of the commander with what they print and how they end, run against simulated boards. */
import { assertEquals, assertMatch } from "@std/assert";
import { type CliRun, runCli } from "./support/run_cli.ts";
import { sharedData, why } from "./support/shared_data.ts";
import { tinyElf } from "./support/tiny_elf.ts";

/** A command line, what it prints (all of it, or a pattern), and the exit status: 0 unless given. */
type Row = readonly [line: string, prints: string | RegExp, status?: number];

/**
 * RAM of the board before each line: `main` counts in r0, `crash` holds an undefined instruction, `handler` loops; the
 * vector table at 0x20000100 sends every fault to `handler`.
 */
const SETUP = [
  "reset halt",
  "write16 0x20000000 0x2001 0x3001 0xe7fd",
  "write16 0x20000020 0xde00 0xe7fe",
  "write16 0x20000040 0xe7fe",
  "fill 0x20000100 0x100 0x20000041",
  "write32 0x20000100 0x20001000",
  "write32 0xe000ed08 0x20000100",
  "fill 0x20000200 0x100 0",
  "write32 0x20000200 0x44332211 0x88776655 0xccbbaa99 0x00ffeedd",
  "write32 0x20001004 0x20000200",
  "wreg pc 0x20000000; wreg sp 0x20001000; wreg r0 0x10; wreg r1 0x20000200",
];

const ELF = tinyElf(
  { start: 0x20000000, bytes: new Uint8Array(0x60) },
  [
    { name: "main", address: 0x20000000, size: 6, isFunction: true },
    { name: "crash", address: 0x20000020, size: 4, isFunction: true },
    { name: "handler", address: 0x20000040, size: 2, isFunction: true },
    { name: "counter", address: 0x20000200, size: 4, isFunction: false },
    { name: "_Z4swapRiS_", address: 0x20000050, size: 0, isFunction: true },
  ],
  "src/main.c",
  [
    { lines: [[0x20000000, 10], [0x20000002, 11], [0x20000004, 12]], end: 0x20000006 },
    { lines: [[0x20000020, 20]], end: 0x20000024 },
  ],
);

const SVD = `<device><name>TEST</name><width>32</width><size>32</size><peripherals>
<peripheral><name>GPIOA</name><baseAddress>0x40020000</baseAddress><registers>
 <register><name>MODER</name><addressOffset>0</addressOffset><fields>
  <field><name>MODE0</name><bitRange>[1:0]</bitRange><enumeratedValues>
   <enumeratedValue><name>Input</name><value>0</value></enumeratedValue>
   <enumeratedValue><name>Output</name><value>1</value></enumeratedValue>
   <enumeratedValue><name>Analog</name><value>3</value></enumeratedValue></enumeratedValues></field>
  <field><name>MODE1</name><bitRange>[3:2]</bitRange></field></fields></register>
 <register><name>ODR</name><addressOffset>0x14</addressOffset><fields>
  <field><name>OD3</name><bitOffset>3</bitOffset><bitWidth>1</bitWidth></field></fields></register>
 <register><name>BSRR</name><addressOffset>0x18</addressOffset><access>write-only</access></register>
</registers></peripheral>
<peripheral><name>BOX</name><baseAddress>0x20000200</baseAddress><registers>
 <register><name>WORD</name><addressOffset>0</addressOffset></register>
 <register><name>HALF</name><addressOffset>4</addressOffset><size>16</size></register>
 <register><name>BYTE</name><addressOffset>8</addressOffset><size>8</size></register>
 <register><name>LONG</name><addressOffset>8</addressOffset><size>64</size></register>
 <register><name>FIFO</name><addressOffset>12</addressOffset><readAction>clear</readAction></register>
</registers></peripheral></peripherals></device>`;

const HALTED = "Core 0 (Cortex-M4):  Halted\n";
const WORDS = '20000200:  44332211 88776655 ccbbaa99 00ffeedd    |."3DUfw.........|\n';

const RUNNING: readonly Row[] = [
  ["status", HALTED],
  ["st", HALTED],
  ["stat", HALTED],
  ["STATUS", HALTED],
  ["status;status", HALTED + HALTED],
  ["status ; st;;", HALTED + HALTED],
  ["", ""],
  ["   ", ""],
  ["# status", ""],
  ["halt", "Successfully halted device\n"],
  ["h", "Successfully halted device\n"],
  ["ha", "Successfully halted device\n"],
  ["continue", "Successfully resumed device\n"],
  ["c; st", "Successfully resumed device\nCore 0 (Cortex-M4):  Running\n"],
  ["go; h; st", `Successfully resumed device\nSuccessfully halted device\n${HALTED}`],
  ["g", "Successfully resumed device\n"],
  ["step", "0x20000002:* 0130      adds    r0, #1\n"],
  ["s", "0x20000002:* 0130      adds    r0, #1\n"],
  ["s 2", "0x20000002:* 0130      adds    r0, #1\n0x20000004:* fde7      b       #0x20000002\n"],
  ["write32 0xe000ed08 0; wreg pc 0x20000020; step; step", /0xfffffffe:\* no code can be read here/],
  ["s 0", /Cannot use 0 as a number of steps: it must be at least 1/, 2],
  ["s x", /Cannot use x as a number/, 2],
  ["s 1 2", /too many arguments/, 2],
  ["core", "Core 0 (Cortex-M4) is selected\n"],
  ["core 0", "Selected core 0 (Cortex-M4)\n"],
  ["core cortex-m4", "Selected core 0 (Cortex-M4)\n"],
  ["core 1", /Cannot select core 1: there is no such core\nHint: The cores are 0 \(Cortex-M4\)/, 2],
  ["reset halt; reg pc", /^Successfully halted device on reset\npc: 0x[\da-f]{8}\n$/],
  ["reset --halt", "Successfully halted device on reset\n"],
  ["reset -h", "Successfully halted device on reset\n"],
  ["reset -halt", "Successfully halted device on reset\n"],
  ["reset", "Resetting target\n"],
  ["reset sw", "Resetting target\n"],
  ["reset halt hw", "Successfully halted device on reset\n"],
  ["reset vectreset halt", "Successfully halted device on reset\n"],
  ["reset emulated halt", "Successfully halted device on reset\n"],
  ["reset hardwar", /Did you mean hardware\?/, 2],
  ["reset hw sw", /Cannot reset in two ways at once/, 2],
  ["sleep 5", ""],
  ["sleep", /too few arguments/, 2],
  ["sleep -1", /must be at least 0/, 2],
];

const REGISTERS: readonly Row[] = [
  ["reg r0", "r0: 0x00000010 (16)\n"],
  ["rr R0", "r0: 0x00000010 (16)\n"],
  ["reg pc sp", "pc: 0x20000000   sp: 0x20001000\n"],
  ["reg r13", "sp: 0x20001000\n"],
  ["reg", /^general registers:\n {2}r0: 0x00000010 \(16\)/],
  ["reg gen", /^general registers:\n/],
  ["reg sys", /^system registers:\n[\s\S]* msp: 0x20001000/],
  ["reg all", /^general registers:[\s\S]*system registers:[\s\S]*float registers:[\s\S]*double registers:/],
  ["reg primask control", "primask: 0x00 (0)   control: 0x00 (0)\n"],
  ["reg r99", /Cannot find register r99/, 2],
  ["reg rc", /Did you mean/, 2],
  ["wreg r2 5; reg r2", "r2: 0x00000005 (5)\n"],
  ["wr r2 -1; rr r2", "r2: 0xffffffff (4294967295)\n"],
  ["wreg -r r2 0b101", "r2: 0x00000005 (5)\n"],
  ["wreg -r r2 0o17", "r2: 0x0000000f (15)\n"],
  ["wreg -r r2 1_000", "r2: 0x000003e8 (1000)\n"],
  ["wreg -r r2 sp", "sp = 0x20001000\nr2: 0x20001000 (536875008)\n"],
  ["wreg -r s1 0x40490fdb", /^s1: 3\.14159\d* \(0x40490fdb\)\n$/],
  ["wreg -r d1 0x3ff8000000000000", "d1: 1.5 (0x3ff8000000000000)\n"],
  ["wreg r2 0x100000000", /does not fit in 32 bits/, 2],
  ["wreg primask 0x100", /does not fit in 8 bits/, 2],
  ["wreg r2", /too few arguments/, 2],
  ["wreg r2 1 2", /one register and one value are needed/, 2],
  ["wreg nope 1", /Cannot find register nope/, 2],
  ["go; reg r0", /Cannot read|Cannot access the registers of core 0 \(Cortex-M4\): the core is running/, 1],
  ["reg GPIOA.ODR", /^GPIOA\.ODR @ 0x40020014 = 0x[\da-f]{8}\n$/],
  ["reg gpioa.moder", /^GPIOA\.MODER @ 0x40020000 = 0x/],
  ["reg -p BOX.WORD", "BOX.WORD @ 0x20000200 = 0x44332211\n"],
  ["reg BOX.HALF", "BOX.HALF @ 0x20000204 = 0x6655\n"],
  ["reg BOX.BYTE", "BOX.BYTE @ 0x20000208 = 0x99\n"],
  ["reg BOX.LONG", "BOX.LONG @ 0x20000208 = 0x00ffeeddccbbaa99\n"],
  ["reg BOX.FIFO", "BOX.FIFO @ 0x2000020c = 0x00ffeedd\n"],
  ["reg BOX", /BOX\.FIFO @ 0x2000020c is not read, because reading changes it\n/],
  ["reg GPIOA", /GPIOA\.BSRR @ 0x40020018 is write-only\n$/],
  ["reg r0 BOX.BYTE r1", /^r0: 0x00000010 \(16\)\nBOX\.BYTE @ 0x20000208 = 0x99\nr1: 0x20000200 \(536871424\)\n$/],
  ["wreg GPIOA.MODER 5; reg -f GPIOA.MODER", /MODE1\[3:2\] = 0x1 \(1\)\n {2}MODE0\[1:0\] = 0x1 \(Output\)\n$/],
  ["wreg GPIOA.MODER 0; wreg GPIOA.MODER.MODE0 Analog; reg GPIOA.MODER", /= 0x00000003\n$/],
  ["wreg GPIOA.MODER 0; wreg -r GPIOA.MODER.MODE1 2; reg GPIOA.MODER", /MODE1\[3:2\] = 0x2 \(2\)\n.* = 0x00000008\n$/],
  ["wreg -r -f GPIOA.ODR 8", /= 0x00000008\n {2}OD3\[3\] = 0x1 \(1\)\n$/],
  ["wreg GPIOA.MODER.MODE0 4", /Cannot write 4 to GPIOA\.MODER\.MODE0: the greatest value is 0x3/, 2],
  ["wreg BOX.BYTE 256", /the greatest value is 0xff/, 2],
  ["wreg -r BOX.LONG 0x1122334455667788", "BOX.LONG @ 0x20000208 = 0x1122334455667788\n"],
  ["wreg -r BOX.HALF 0xabcd; rw 0x20000204", /= 0xabcd\n20000204: {2}8877abcd/],
  ["wreg GPIOA 1", /name one of its registers/, 2],
  ["reg GPIOA.MODE", /Cannot find MODE: GPIOA has no such register\nHint: Did you mean MODER\?/, 2],
  ["reg GPIOA.MODER.MODE9", /GPIOA\.MODER has no such field/, 2],
  ["reg -p r0", /Cannot find register r0/, 2],
  ["show peripherals", "0x20000200: BOX\n0x40020000: GPIOA\n"],
];

const MEMORY: readonly Row[] = [
  ["read32 0x20000200", '20000200:  44332211    |."3D|\n'],
  ["rw 0x20000200 16", WORDS],
  ["rw 536871424 16", WORDS],
  ["rw 0x2000_0200 0x10", WORDS],
  ["rw counter 16", WORDS],
  ["rw BOX.WORD 16", WORDS],
  ["rw r1 16", `r1 = 0x20000200\n${WORDS}`],
  ["rw [0x20001004] 16", WORDS],
  ["rw [sp,4] 16", `sp = 0x20001000\n${WORDS}`],
  ["rw [sp, 4] 16", `sp = 0x20001000\n${WORDS}`],
  ["rb [r1,-0x100]", "r1 = 0x20000200\n20001000:  00    |.|\n"],
  ["rw [counter,4]", /Cannot/, 1],
  ["rw [counter]", /Cannot/, 1],
  ["rw [sp", /bracket at column 4 is not closed/, 2],
  ["rw [nope]", /Cannot use nope as a number/, 2],
  ["rw [sp,x]", /Cannot use \[sp,x\] as a number/, 2],
  ["rw 0x20000201", '20000201:  55443322    |"3DU|\n'],
  ["read16 0x20000200 4", '20000200:  2211 4433    |."3D|\n'],
  ["rh 0x20000201", '20000201:  3322    |"3|\n'],
  ["read8 0x20000200 5", '20000200:  11 22 33 44  55    |."3DU|\n'],
  ["rb 0x20000203", "20000203:  44    |D|\n"],
  ["read64 0x20000200", '20000200:  8877665544332211    |."3DUfw.|\n'],
  ["rd 0x20000200 16", /^20000200: {2}8877665544332211 00ffeeddccbbaa99 /],
  ["rb 0x20000200 32", /^20000200: [\s\S]*\n20000210: {2}00 00 00 00 {2}/],
  ["rw 0x20000200 6", /must be a multiple of 4/, 2],
  ["rw 0x20000200 0", /must be at least 1/, 2],
  ["rw", /too few arguments\nHint: Usage: read32 ADDR \[LEN\]/, 2],
  ["rw 1 2 3", /too many arguments/, 2],
  ["rw 0x100000000", /it is not 32 bits wide/, 2],
  ["rw -4", /it is not 32 bits wide/, 2],
  ["rw couter", /Did you mean counter\?/, 2],
  ["rw 0x60000000", /at 0x60000000 through AHB-AP#0: the target answered FAULT/, 1],
  ["write32 0x20000204 1; rw 0x20000204", /00000001/],
  ["ww 0x20000200 1 2 3; rw 0x20000200 12", /^20000200: {2}00000001 00000002 00000003 /],
  ["ww counter -1; rw counter", /ffffffff/],
  ["wh 0x20000202 0xbeef; rw 0x20000200", /beef2211/],
  ["wb 0x20000201 0xaa 0xbb; rw 0x20000200", /44bbaa11/],
  ["wd 0x20000200 0x1122334455667788; rd 0x20000200", /1122334455667788/],
  ["write64 0x20000200 -1; rd 0x20000200", /ffffffffffffffff/],
  ["wb 0x20000200 256", /does not fit in 8 bits/, 2],
  ["wb 0x20000200 -129", /does not fit in 8 bits/, 2],
  ["wh 0x20000200 0x10000", /does not fit in 16 bits/, 2],
  ["ww 0x20000200 0x100000000", /does not fit in 32 bits/, 2],
  ["wd 0x20000200 0x10000000000000000", /does not fit in 64 bits/, 2],
  ["ww 0x20000200", /too few arguments/, 2],
  ["fill 0x20000300 8 0xa5; rd 0x20000300", /^Filled 0x20000300-0x20000307 with 0xa5\n.*a5a5a5a5a5a5a5a5/],
  ["fill 0x20000300 8 0x1234; rd 0x20000300", /with 0x1234\n.*1234123412341234/],
  ["fill 32 0x20000300 8 1; rd 0x20000300", /with 0x00000001\n.*0000000100000001/],
  ["fill 16 0x20000300 6 1; rd 0x20000300", /with 0x0001\n.*0000000100010001|with 0x0001/],
  ["fill 64 0x20000300 8 1", /Cannot fill with items of 64 bits/, 2],
  ["fill 8 0x20000300 8 0x100", /does not fit in 8 bits/, 2],
  ["fill 0x20000300 0 1", /must be at least 1/, 2],
  ["find 0x20000200 16 0x33 0x44", "Found pattern at address 0x20000202\n"],
  ["find 0x20000200 16 0xde", "Failed to find pattern in range 0x20000200-0x2000020f\n"],
  ["find 0x20000200 16 0xdd 0xee 0xff 0", "Found pattern at address 0x2000020c\n"],
  ["find 0x20000200 16 0xff 0 0", /^Failed/],
  ["find -n 0x20000210 0x40 0", /^Failed/],
  ["find -n 0x20000200 16 0x11", "Found pattern at address 0x20000201\n"],
  ["find 0x20000200 16", /too few arguments|address, length and bytes are needed/, 2],
  ["find -n 0x20000200 16", /address, length and bytes are needed/, 2],
];

const FILES: readonly Row[] = [
  ["savemem 0x20000200 16 out.bin; cmp 0x20000200 out.bin", /^Saved 16 bytes to out\.bin\nAll 16 bytes match\.\n$/],
  ['savemem 0x20000200 16 "my file (1).bin"; cmp 0x20000200 "my file (1).bin"', /All 16 bytes match/],
  ["savemem 0x20000200 16 'a;b.bin'; cmp 0x20000200 'a;b.bin'", /All 16 bytes match/],
  ["savemem 0x20000200 16 my\\ file.bin; cmp 0x20000200 'my file.bin'", /to my file\.bin\nAll 16 bytes match/],
  ["savemem 0x20000200 16 dir\\sub.bin; cmp 0x20000200 dir\\sub.bin", /to dir\\sub\.bin\nAll 16 bytes match/],
  ["savemem 0x20000200 16 a,b=c@d.bin; cmp 0x20000200 a,b=c@d.bin", /to a,b=c@d\.bin\nAll 16 bytes match/],
  ['cmp 0x20000200 "C:\\\\no\\\\such.bin"', /such\.bin: it does not exist/, 2],
  [
    "savemem 0x20000200 16 out.bin; wb 0x20000205 0; compare 0x20000200 out.bin",
    /at 0x20000205 memory holds 0x00, the file 0x66/,
    1,
  ],
  ["savemem 0x20000200 16 out.bin; wb 0x20000205 0; compare 0x20000200 5 out.bin", /All 5 bytes match/],
  ["savemem 0x20000200 4 out.bin; cmp 0x20000200 8 out.bin", /Cannot compare 8 bytes with out\.bin: it holds 4/, 2],
  [
    "savemem 0x20000200 16 out.bin; loadmem 0x20000300 out.bin; cmp 0x20000300 out.bin",
    /Loaded 16 bytes to 0x20000300\nAll/,
  ],
  [
    "savemem 0x20000200 16 out.bin; load out.bin 0x20000300; cmp 0x20000300 out.bin",
    /Loaded 16 bytes into RAM\nAll 16 bytes match/,
  ],
  ["savemem 0x20000200 70000 big.bin; cmp 0x20000200 big.bin", /All 70000 bytes match/],
  ["loadmem 0x20000300 missing.bin", /Cannot read .*missing\.bin: it does not exist/, 2],
  ["load missing.hex", /it does not exist/, 2],
  ["savemem 0x20000200 4 no/such/dir/x.bin", /Cannot write .*x\.bin/, 2],
  ["savemem 0x20000200 4 'x.bin", /quote at column 22 is not closed/, 2],
  ["savemem 0x60000000 4 x.bin", /at 0x60000000/, 1],
  ["! echo hello", "hello\n"],
  ["! echo a; echo b", "a\nb\n"],
  ["! exit 4", /Cannot run exit 4: it ended with status 4/, 1],
];

const CODE: readonly Row[] = [
  [
    "disasm 0x20000000",
    "0x20000000:* 0120      movs    r0, #1\n0x20000002:  0130      adds    r0, #1\n0x20000004:  fde7      b       #0x20000002\n",
  ],
  ["d main 2", "0x20000000:* 0120      movs    r0, #1\n"],
  ["d pc 2", "pc = 0x20000000\n0x20000000:* 0120      movs    r0, #1\n"],
  ["d 0x20000001 2", "0x20000000:* 0120      movs    r0, #1\n"],
  ["disasm -c 0x20000002 4", "0x20000000:* 0120      movs    r0, #1\n0x20000002:  0130      adds    r0, #1\n"],
  ["d --center 0x20000002 4", /^0x20000000:\* .*\n0x20000002: /],
  ["s; d 0x20000000 4", /0x20000000: {2}0120 .*\n0x20000002:\* 0130/],
  ["d crash 2", "0x20000020:  00de      udf     #0\n"],
  ["d", /too few arguments|one address and perhaps a length/, 2],
  ["d main 0", /must be at least 1/, 2],
  ["where", "0x20000000 : main : src/main.c:10\n"],
  ["where 0x20000004", "0x20000004 : main+4 : src/main.c:12\n"],
  ["where crash", "0x20000020 : crash : src/main.c:20\n"],
  ["where 0x20000041", "0x20000040 : handler\n"],
  ["where 0x08000000", "0x08000000 : no symbol and no source line is there\n"],
  ["s; where", /main\+2 : src\/main\.c:11\n$/],
  ["symbol main", "main(): 0x20000000 0x6\n"],
  ["symbol counter", "counter: 0x20000200 0x4\n"],
  ["symbol _Z4swapRiS_", "_Z4swapRiS_(): 0x20000050 0x0\n"],
  ["symbol mian", /Cannot find symbol mian.*\nHint: Did you mean main\?/, 2],
  ["break main", "Set software breakpoint at 0x20000000\n"],
  ["break 0x20000002; go; sleep 1; st; reg pc", /Halted\npc: 0x20000002\n$/],
  [
    "break 0x08000000; lsbreak",
    /^Set hardware breakpoint at 0x08000000\n5 hardware breakpoints available\n0: 0x08000000 \(hardware\)\n$/,
  ],
  ["break main; break crash; lsbreak", /0: 0x20000000 \(software\)\n1: 0x20000020 \(software\)\n$/],
  [
    "break main; rmbreak main; lsbreak",
    /Removed breakpoint at 0x20000000\n6 hardware breakpoints available\nNo breakpoints installed\n$/,
  ],
  ["rmbreak main", /none is set there/, 2],
  [
    "break 0x20000003; rmbreak 0x20000003; lsbreak",
    /^Set .* at 0x20000002\nRemoved breakpoint at 0x20000002\n.*\nNo breakpoints installed\n$/,
  ],
  ["lsbreak", "6 hardware breakpoints available\nNo breakpoints installed\n"],
  ["break main; rh main; d main 2", /20000000: {2}2001 .*\n0x20000000:\* 0120 /],
  ["break", /too few arguments/, 2],
  [
    "watch counter; lswatch",
    "Set watchpoint at 0x20000200\n3 hardware watchpoints available\n0: 0x20000200, 4 bytes, rw\n",
  ],
  ["watch counter r 2; lswatch", /0: 0x20000200, 2 bytes, r\n$/],
  ["watch counter 1 w; lswatch", /0: 0x20000200, 1 bytes, w\n$/],
  ["watch counter; rmwatch counter; lswatch", /No watchpoints installed\n$/],
  ["watch counter r; rmwatch counter w", /none is set there/, 2],
  ["watch 0x20000201 2", /not a multiple of 2/, 2],
  ["watch counter q", /Cannot use q in a watchpoint/, 2],
  [
    "watch 0x20000200; watch 0x20000204; watch 0x20000208; watch 0x2000020c; watch 0x20000210",
    /all 4 watchpoints are in use/,
    1,
  ],
  ["lswatch", "4 hardware watchpoints available\nNo watchpoints installed\n"],
];

const PORTS: readonly Row[] = [
  ["readdp 0", "DP register 0x00 = 0x2ba01477\n"],
  ["rdp 0x4", /^DP register 0x04 = 0xf[\da-f]{7}\n$/],
  ["rdp 3", /multiples of 4/, 2],
  ["rdp 0x100", /multiples of 4 up to 0xfc/, 2],
  ["wdp 0 0x1e; rdp 0", "DP register 0x00 = 0x2ba01477\n"],
  ["wdp 0", /too few arguments/, 2],
  ["readap 0xfc", "AP register 0xfc = 0x24770011\n"],
  ["rap 0 0xfc", "AP register 0xfc = 0x24770011\n"],
  ["rap 1 0xfc", "AP register 0xfc = 0x00000000\n"],
  ["rap 0x010000fc", "AP register 0xfc = 0x00000000\n"],
  ["rap 256 0xfc", /it is above 255/, 2],
  ["writeap 0x04 0x20000200; rap 0x0c", "AP register 0x0c = 0x44332211\n"],
  ["wap 0 4 0x20000200; rap 0 0xc", "AP register 0x0c = 0x44332211\n"],
  ["initdp", "Connected to the debug port, DPIDR = 0x2ba01477\n"],
  ["initdp; rw counter 16", /0x2ba01477\n20000200: {2}44332211/],
  ["makeap 0", /Cannot make AP#0: it exists already/, 2],
  ["makeap 5", /Cannot make AP#5: nothing is there \(IDR is 0\)/, 1],
  ["makeap 300", /it is above 255/, 2],
  ["reinit; st", `Connected to cortex_m, 1 core\n${HALTED}`],
  ["flushprobe", ""],
  ["show aps", "1 AP:\nAP#0: AHB-AP (selected)\n"],
  ["show mem-ap", "AHB-AP#0 is selected\n"],
  ["set mem-ap 0; rw counter 16", WORDS],
  ["set mem-ap 3", /Cannot select AP#3: it was not found/, 2],
  ["set mem-ap", /Cannot set mem-ap without a value/, 2],
  ["show hprot", /^AHB-AP#0 HPROT = 0x03\n {2}bit 0 = 1 \(data access\)\n {2}bit 1 = 1 \(privileged\)\n/],
  ["set hprot 1; show memap_attr; rw counter", /HPROT = 0x01\n[\s\S]*bit 1 = 0 \(user\)[\s\S]*44332211/],
  ["set hprot 16", /it has 4 bits/, 2],
  ["show hnonsec", /^AHB-AP#0 HNONSEC = [01] \(/],
  ["set hnonsec 0; show hnonsec", "AHB-AP#0 HNONSEC = 0 (secure)\n"],
  ["set hnonsec 2", /use 0 \(secure\) or 1 \(nonsecure\)/, 2],
  ["show nreset", "nRESET = 1\n"],
  ["set nreset 0; show nreset; set nreset 1; show nreset", "nRESET = 0\nnRESET = 1\n"],
  ["set nreset low", /Cannot set nRESET/, 2],
  ["show pins", /^Pins = 0x[0-3][\da-f]\n {2}SWCLK\/TCK \(0x01\) = 1\n[\s\S]*nRESET \(0x10\) = 1\n/],
  ["set pins 0x2f; show nreset; set pins 0x3f; show nreset", "nRESET = 0\nnRESET = 1\n"],
  ["set pins 64", /the mask has 6 bits/, 2],
  ["show accessible-pins", /^SWD: {2}SWCLK rw, SWDIO rw, nRESET rw\nJTAG: TCK rw/],
  ["show uid", "Unique ID:    stm32f407\n"],
  ["show probe-uid", "Unique ID:    stm32f407\n"],
  ["set frequency 2MHz; show option frequency", "frequency = 2000000 (set)\n"],
  ["set frequency fast", /Cannot use fast as a frequency/, 2],
  ["list", /No (available debug )?probe|#\s+Probe/i],
];

const VALUES: readonly Row[] = [
  ["show target", /^Target: {6}cortex_m\nVendor: {6}Arm\nDAP IDCODE: {2}0x2ba01477\n$/],
  ["show cores", "0* Cortex-M4 (Cortex-M4 r0p1)\n"],
  ["show map", /^Region +Type +Start +End +Size +Access/],
  ["show graph", /^Session\n {2}Probe Simulated stm32f407 [\s\S]*\n {8}Core 0 Cortex-M4\n/],
  ["show debug-sequences", /the chip's description has none/, 1],
  ["show locked", "Target is unlocked\n"],
  ["show register-groups", "general\nsystem\nfloat\ndouble\n"],
  ["show fault", /^In Thread mode\n/],
  ["show fault -a", /\nMMFSR = 0x[\da-f]{2}\nMMFAR = 0x[\da-f]{8}\nBFSR = /],
  ["show fault -x", /Cannot show fault with -x/, 2],
  ["show vc", "Vector catch: none\n"],
  ["set vc h; show vector-catch", "Vector catch: h\n"],
  ["set vc all; show vc", /^Vector catch: h/],
  ["set vc hz", /unknown letter "z"/, 2],
  ["set vc", /without letters/, 2],
  ["show si", "Interrupts while stepping: disabled\n"],
  ["set si yes; show step-into-interrupts", "Interrupts while stepping: enabled\n"],
  ["set si maybe", /step_into_interrupt takes true or false/, 2],
  ["show reset-type", /^Reset type: default\nAvailable: default, hardware/],
  ["set reset-type hw; show reset-type", /^Reset type: hardware\n/],
  ["set reset-type nope", /there is no such reset type/, 2],
  ["show option reset_type", 'reset_type = "default" (built-in default)\n'],
  ["set option smart_flash=0; show option smart_flash", "smart_flash = false (set)\n"],
  ["set option no-smart_flash; show option smart_flash", "smart_flash = false (set)\n"],
  ["set option smart_flash=maybe", /Cannot set option smart_flash to maybe/, 2],
  ["set option smart_flsh", /Did you mean smart_flash\?/, 2],
  ["show option nope", /there is no such option/, 2],
  ["show option", /^connect_mode = "attach" \(subcommand\)|svd_file/],
  ["set option", /name at least one/, 2],
  ["set log debug; set log error", /.*/],
  ["set log loud", /there is no such level\nHint: Use one of /, 2],
  ["show nothing", /Cannot use nothing: there is no such value/, 2],
  ["set nreset", /Cannot set nreset without a value/, 2],
  ["set nreset 2", /Cannot set nRESET to 2: it is no level/, 2],
  ["set frequency", /Cannot set frequency without a value/, 2],
  ["show", /too few arguments/, 2],
  ["set map 1", /it can only be shown/, 2],
  ["show log", /it can only be set/, 2],
];

const GENERAL: readonly Row[] = [
  ["help", /^Commands:\n[\s\S]* {2}status, st +Show the state[\s\S]*\nValues for show and set:\n/],
  ["?", /^Commands:\n/],
  ["help reg", /^Usage: reg \[-p\] \[-f\] \[REG\.\.\.\]\n[\s\S]*Other names: rr\n/],
  ["help show map", "Usage: show map\nMemory map.\n"],
  ["help nope", /there is no such command/, 2],
  ["exit; nope", ""],
  ["quit", ""],
  ["nope", /Cannot run nope: there is no such command/, 2],
  ["gdbserver start", /Cannot run gdbserver: this version of Tapir has no gdb server\nHint: Use /, 2],
  ["help rtt", /Cannot run rtt: this version of Tapir has no RTT/, 2],
  ["mon reset halt", /Cannot run mon: this is no gdb/, 2],
  ["p pc", /no such command\nHint: Run `help`/, 2],
  ["statu5", /Did you mean status\?/, 2],
  ["re", /Cannot run re: the command is ambiguous\nHint: It may be any of/, 2],
  ["re\\g r0", /there is no such command/, 2],
  ["r'eg' r0", "r0: 0x00000010 (16)\n"],
  ['"reg" "r0"', "r0: 0x00000010 (16)\n"],
  ["status; nope; status", /^Core 0 \(Cortex-M4\): {2}Halted\n[\s\S]*there is no such command/, 2],
  ["$ 1 + 1", "0x00000002 (2)\n"],
  ["$ 'text'", "text\n"],
  ["$ undefined", ""],
  ["$ [1, 2]", "[ 1, 2 ]\n"],
  ["$ await core.readRegister('r0')", "0x00000010 (16)\n"],
  ["$ await core.read32(0x20000200)", "0x44332211 (1144201745)\n"],
  ["$ symbols.find('main').address", "0x20000000 (536870912)\n"],
  ["$ await run('reg r0')", "r0: 0x00000010 (16)\n"],
  ["$ const x: number = 5; x * 2", "0x0000000a (10)\n"],
  ["$ let t = 0; for (const i of [1, 2]) { t += i }; t", "0x00000003 (3)\n"],
  ["$ aps.length; cores.length", "0x00000001 (1)\n"],
  ["$ 0x1234n << 40n", "0x12340000000000 (5123724185436160)\n"],
  ["$ nope", "Error: Cannot run TypeScript: ReferenceError: nope is not defined\n", 1],
  ["$ throw new Error('a\\nb')", "Error: Cannot run TypeScript: Error: a\n", 1],
  ["$ (", /Cannot read TypeScript/, 2],
  ["$ await core.read32(0x60000000)", /at 0x60000000 through AHB-AP#0: the target answered FAULT/, 1],
];

/** What happens to a core that executes an undefined instruction. */
const FAULTS: readonly Row[] = [
  [
    "wreg pc crash; go; sleep 1; halt; show fault",
    /In HardFault\nHFSR\.FORCED: .*\nUFSR\.UNDEFINSTR: undefined instruction\n[\s\S]*Interrupted at PC 0x20000020, .*\nPC is at crash : src\/main\.c:20\n$/,
  ],
  ["wreg pc crash; go; sleep 1; halt; where", /0x20000040 : handler\n$/],
  ["set vc h; wreg pc crash; go; sleep 1; status", /Halted\n$/],
];

async function runLine(cwd: string, line: string, board = "stm32f407"): Promise<CliRun> {
  const files = ["--elf", "test.elf", "-O", "svd_file=test.svd"];
  const quiet = ["-O", "no-warning.cortex_m_default"];
  const setup = SETUP.flatMap((each) => ["-c", each]);
  // Everything that setting up prints ends here.
  const run = await runCli(
    ["commander", "-u", `sim:${board}`, ...quiet, ...files, ...setup, "-c", "! echo ready", "-c", line],
    { cwd },
  );
  const start = run.stdout.indexOf("ready\n");
  return { ...run, stdout: start < 0 ? run.stdout : run.stdout.slice(start + 6) };
}

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  "run control": RUNNING,
  registers: REGISTERS,
  memory: MEMORY,
  files: FILES,
  code: CODE,
  ports: PORTS,
  values: VALUES,
  general: GENERAL,
  faults: FAULTS,
};

for (const [group, rows] of Object.entries(GROUPS)) {
  Deno.test(`commander lines about ${group} print and end as they should (${rows.length})`, async () => {
    const cwd = await Deno.makeTempDir();
    try {
      await Deno.writeFile(`${cwd}/test.elf`, ELF);
      await Deno.writeTextFile(`${cwd}/test.svd`, SVD);
      for (const [line, prints, status = 0] of rows) {
        const { code, stdout, stderr } = await runLine(cwd, line);
        const shown = stdout + stderr;
        if (typeof prints === "string") assertEquals([code, shown], [status, prints], line);
        else {
          assertMatch(shown, prints, line);
          assertEquals(code, status, line);
        }
      }
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  });
}

Deno.test("the table has at least 200 lines, and every command is in it", async () => {
  const rows = Object.values(GROUPS).flat();
  assertEquals(rows.length >= 200, true, String(rows.length));
  const { COMMANDS } = await import("../lib/command/commands/mod.ts");
  const text = rows.map(([line]) => line).join(" ; ");
  // Erasing and unlocking need a chip with flash; tests of flashing and of locked chips run them.
  const elsewhere = ["erase", "unlock"];
  const missing = COMMANDS.filter(({ names }) =>
    !elsewhere.includes(names[0]) &&
    !names.some((name) => new RegExp(`(^|; ?)${name.replace("?", "\\?")}($|[ ;])`).test(text))
  );
  assertEquals(missing.map(({ names }) => names[0]), []);
});

const PACK = "packs/NordicSemiconductor.nRF_DeviceFamilyPack.8.44.1.pack";
const nordic = sharedData(PACK);

Deno.test({
  name: `commander lines about flash and a locked chip print and end as they should${why(nordic.missing, PACK)}`,
  ignore: nordic.missing,
  fn: async () => {
    const rows: readonly (readonly [board: string, ...Row])[] = [
      ["nrf52840?timing=fast", "show debug-sequences", "Name  Processor  Standard  Enabled\n"],
      ["nrf52840?timing=fast", "show map", /\nIROM1 +flash +0x00000000 /],
      ["nrf52840?timing=fast", "halt; write32 0x1000 0x12345678; read32 0x1000", /12345678/],
      [
        "nrf52840?timing=fast",
        "halt; ww 0x1000 1; erase 0x1000; rw 0x1000",
        /\nErased 1 sector\n00001000: {2}ffffffff/,
      ],
      ["nrf52840?timing=fast", "halt; erase 0x1000 2", /\nErased 2 sectors\n/],
      ["nrf52840?timing=fast", "halt; erase", /Erased chip/],
      ["nrf52840?timing=fast", "halt; erase 0x20000000", /there is no flash at 0x20000000/, 5],
      [
        "nrf52840?timing=fast",
        "halt; savemem 0x1000 8 x.bin; load x.bin 0x2000; cmp 0x2000 x.bin",
        /All 8 bytes match\.\n$/,
      ],
      ["nrf52840?timing=fast", "halt; savemem 0x1000 8 x.bin; loadmem 0x3000 x.bin", /Loaded 8 bytes to 0x00003000\n$/],
      ["nrf52840?timing=fast", "halt; fill 0x1000 8 1", /flash is not written like RAM/, 1],
      ["nrf52840?timing=fast", "reg -f FICR.INFO.RAM", /^FICR\.INFO\.RAM @ 0x1000010c = 0x/],
      [
        "nrf52840",
        "unlock; reinit; show locked",
        /^Mass erase complete\nConnected to nRF52840_xxAA, 1 core\nTarget is unlocked\n$/,
      ],
      ["nrf52840?locked=1", "status; show locked", "No core is connected\nTarget is locked\nTarget is locked\n"],
      ["nrf52840?locked=1", "reg", /no core was found behind the probe/, 1],
      ["nrf52840?locked=1", "rw 0", /the target has no memory access port/, 1],
      ["nrf52840?locked=1", "unlock; reinit; halt; reg r0", /Connected to nRF52840_xxAA, 1 core\n[\s\S]*r0: 0x/],
    ];
    const cwd = await Deno.makeTempDir();
    try {
      for (const [board, line, prints, status = 0] of rows) {
        const argv = ["-q", "-u", `sim:${board}`, "-t", "nrf52840_xxAA", "--pack", nordic.path, "-c", line];
        const { code, stdout, stderr } = await runCli(["commander", ...argv], { cwd });
        if (typeof prints === "string") assertEquals(stdout, prints, line);
        else assertMatch(stdout + stderr, prints, line);
        assertEquals(code, status, line);
      }
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
});

Deno.test("commander -N leaves the target alone until reinit", async () => {
  const argv = ["commander", "-u", "sim:stm32f407", "-O", "no-warning.cortex_m_default", "-N"];
  const { code, stdout } = await runCli([...argv, "-c", "status; initdp; reinit; status"]);
  assertEquals([code, stdout], [
    0,
    "No core is connected\nConnected to the debug port, DPIDR = 0x2ba01477\nConnected to cortex_m, 1 core\n" +
    "Core 0 (Cortex-M4):  Lockup\n",
  ]);
});
