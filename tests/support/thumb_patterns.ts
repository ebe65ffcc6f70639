/**
 * The Thumb encodings that are compared with Unicorn, straight from DDI0403E A7.7 and A5.
 *
 * @module
 */

import type { Pattern } from "./thumb_generator.ts";

const any = (): boolean => true;

function p(name: string, bits: string, valid: (op: number) => boolean = any, inIt = true): Pattern {
  return { name, bits: bits.replaceAll(" ", ""), valid, inIt };
}

/** Encodings of both cores. */
export const THUMB16: readonly Pattern[] = [
  p("lsl imm", "00000iiiiimmmddd"),
  p("lsr imm", "00001iiiiimmmddd"),
  p("asr imm", "00010iiiiimmmddd"),
  p("add reg", "0001100mmmnnnddd"),
  p("sub reg", "0001101mmmnnnddd"),
  p("add imm3", "0001110iiinnnddd"),
  p("sub imm3", "0001111iiinnnddd"),
  p("mov imm8", "00100dddiiiiiiii"),
  p("cmp imm8", "00101nnniiiiiiii"),
  p("add imm8", "00110dddiiiiiiii"),
  p("sub imm8", "00111dddiiiiiiii"),
  ...["and", "eor", "lsl", "lsr", "asr", "adc", "sbc", "ror", "tst", "rsb", "cmp", "cmn", "orr", "mul", "bic", "mvn"]
    .map((name, op) => p(`${name} t1`, `010000${op.toString(2).padStart(4, "0")}mmmddd`)),
  p("add high", "01000100dmmmmddd"),
  p("cmp high", "01000101nmmmmnnn", (op) => (op & 0x80) !== 0 || (op & 0x40) !== 0),
  p("mov high", "01000110dmmmmddd"),
  p("str reg", "0101000XXXBBBnnn"),
  p("strh reg", "0101001XXXBBBnnn"),
  p("strb reg", "0101010XXXBBBnnn"),
  p("ldrsb reg", "0101011XXXBBBddd"),
  p("ldr reg", "0101100XXXBBBddd"),
  p("ldrh reg", "0101101XXXBBBddd"),
  p("ldrb reg", "0101110XXXBBBddd"),
  p("ldrsh reg", "0101111XXXBBBddd"),
  p("str imm5", "01100iiiiiBBBnnn"),
  p("ldr imm5", "01101iiiiiBBBddd"),
  p("strb imm5", "01110iiiiiBBBnnn"),
  p("ldrb imm5", "01111iiiiiBBBddd"),
  p("strh imm5", "10000iiiiiBBBnnn"),
  p("ldrh imm5", "10001iiiiiBBBddd"),
  p("str sp", "10010nnniiiiiiii"),
  p("ldr sp", "10011dddiiiiiiii"),
  p("ldr literal", "01001ddd0000iiii"),
  p("adr", "10100dddiiiiiiii"),
  p("add sp imm", "10101dddiiiiiiii"),
  p("add sp", "101100000000iiii"),
  p("sub sp", "101100001000iiii"),
  p("sxth", "1011001000mmmddd"),
  p("sxtb", "1011001001mmmddd"),
  p("uxth", "1011001010mmmddd"),
  p("uxtb", "1011001011mmmddd"),
  p("push", "1011010issssssss"),
  p("pop", "10111100llllllll"),
  p("rev", "1011101000mmmddd"),
  p("rev16", "1011101001mmmddd"),
  p("revsh", "1011101011mmmddd"),
  p("nop", "1011111100000000"),
  p("stm", "11000BBBssssssss"),
  p("ldm", "11001BBBllllllll"),
  p("mrs apsr", "1111001111101111 1000dddd00000000"),
  p("dsb", "1111001110111111 1000111101001111"),
];

/** ARMv6-M allows no mask but NZCVQ. */
export const THUMB32_V6: readonly Pattern[] = [p("msr apsr nzcvq", "111100111000nnnn 1000100000000000")];

const DATA = ["and", "bic", "orr", "orn", "eor"].map((name, op) => ({ name, op })).concat([
  { name: "add", op: 8 },
  { name: "adc", op: 10 },
  { name: "sbc", op: 11 },
  { name: "sub", op: 13 },
  { name: "rsb", op: 14 },
]);
const COMPARE = [["tst", 0], ["teq", 4], ["cmn", 8], ["cmp", 13]] as const;
const bits = (value: number, width: number): string => value.toString(2).padStart(width, "0");

/** Replicated constants of zero are UNPREDICTABLE (A5.3.2). */
const goodConstant = (op: number): boolean => {
  const pattern = ((op >>> 12) & 7) | ((op >>> 23) & 8);
  return !(pattern >= 1 && pattern <= 3 && (op & 0xff) === 0);
};
const fitsWord = (op: number): boolean => (((op >>> 10) & 0x1c) | ((op >>> 6) & 3)) + (op & 31) <= 31;
const ordered = (op: number): boolean => (op & 31) >= (((op >>> 10) & 0x1c) | ((op >>> 6) & 3));
const distinctLong = (op: number): boolean => ((op >>> 12) & 15) !== ((op >>> 8) & 15);
const notSameM = (op: number): boolean => ((op >>> 16) & 15) === (op & 15);
const shiftNotZero = (op: number): boolean => (((op >>> 10) & 0x1c) | ((op >>> 6) & 3)) !== 0;

const single = (name: string, op: string, load: boolean): Pattern[] => {
  const t = load ? "dddd" : "nnnn";
  return [
    p(`${name} imm12`, `${op.replace("U", "1")}MMMM ${t}iiiiiiiiiiii`),
    p(`${name} negative`, `${op.replace("U", "0")}MMMM ${t}1100iiiiiiii`),
    p(`${name} post`, `${op.replace("U", "0")}MMMM ${t}10i1iiiiiiii`),
    p(`${name} pre`, `${op.replace("U", "0")}MMMM ${t}11i1iiiiiiii`),
    p(`${name} user`, `${op.replace("U", "0")}MMMM ${t}1110iiiiiiii`),
    p(`${name} shifted`, `${op.replace("U", "0")}MMMM ${t}000000iiXXXX`),
  ];
};

const multiply = (name: string, first: string, op2: string, accumulate: boolean): Pattern =>
  p(name, `11111011${first}nnnn ${accumulate ? "aaaa" : "1111"}dddd${op2}mmmm`);
const long = (name: string, first: string, op2: string): Pattern =>
  p(name, `11111011${first}nnnn eeeedddd${op2}mmmm`, distinctLong);

/** Encodings of Cortex-M4 only. */
export const THUMB32_V7: readonly Pattern[] = [
  ...DATA.map(({ name, op }) => p(`${name}.w imm`, `11110i0${bits(op, 4)}innnn 0iiiddddiiiiiiii`, goodConstant)),
  ...DATA.map(({ name, op }) => p(`${name}.w reg`, `1110101${bits(op, 4)}innnn 0iiiddddiiiimmmm`)),
  ...COMPARE.map(([name, op]) => p(`${name}.w imm`, `11110i0${bits(op, 4)}1nnnn 0iii1111iiiiiiii`, goodConstant)),
  ...COMPARE.map(([name, op]) => p(`${name}.w reg`, `1110101${bits(op, 4)}1nnnn 0iii1111iiiimmmm`)),
  p("mov.w imm", "11110i00010i1111 0iiiddddiiiiiiii", goodConstant),
  p("mvn.w imm", "11110i00011i1111 0iiiddddiiiiiiii", goodConstant),
  p("mov.w reg", "11101010010i1111 0iiiddddiiiimmmm"),
  p("mvn.w reg", "11101010011i1111 0iiiddddiiiimmmm"),
  p("pkhbt", "111010101100nnnn 0iiiddddii00mmmm"),
  p("pkhtb", "111010101100nnnn 0iiiddddii10mmmm"),
  p("add.w sp imm", "11110i01000i1101 0iiiddddiiiiiiii", goodConstant),
  p("addw sp", "11110i1000001101 0iiiddddiiiiiiii"),
  p("subw sp", "11110i1010101101 0iiiddddiiiiiiii"),
  p("addw", "11110i100000nnnn 0iiiddddiiiiiiii"),
  p("subw", "11110i101010nnnn 0iiiddddiiiiiiii"),
  p("adr.w after", "11110i1000001111 0iiiddddiiiiiiii"),
  p("adr.w before", "11110i1010101111 0iiiddddiiiiiiii"),
  p("movw", "11110i100100iiii 0iiiddddiiiiiiii"),
  p("movt", "11110i101100iiii 0iiiddddiiiiiiii"),
  p("ssat lsl", "111100110000nnnn 0iiiddddii0iiiii"),
  p("ssat asr", "111100110010nnnn 0iiiddddii0iiiii", shiftNotZero),
  p("ssat16", "111100110010nnnn 0000dddd0000iiii"),
  p("usat lsl", "111100111000nnnn 0iiiddddii0iiiii"),
  p("usat asr", "111100111010nnnn 0iiiddddii0iiiii", shiftNotZero),
  p("usat16", "111100111010nnnn 0000dddd0000iiii"),
  p("sbfx", "111100110100nnnn 0iiiddddii0iiiii", fitsWord),
  p("ubfx", "111100111100nnnn 0iiiddddii0iiiii", fitsWord),
  p("bfi", "111100110110nnnn 0iiiddddii0iiiii", ordered),
  p("bfc", "1111001101101111 0iiiddddii0iiiii", ordered),
  p("shift.w reg", "111110100iiinnnn 1111dddd0000mmmm"),
  ...["000", "001", "010", "011", "100", "101"].map((op) => p(`extend ${op}`, `111110100${op}1111 1111dddd10iimmmm`)),
  ...["000", "001", "010", "011", "100", "101"].map((op) =>
    p(`extend-add ${op}`, `111110100${op}nnnn 1111dddd10iimmmm`)
  ),
  ...["000", "001", "010", "100", "101", "110"].flatMap((op) =>
    ["000", "001", "010", "100", "101", "110"].map((k) =>
      p(`parallel ${op} ${k}`, `111110101${op}nnnn 1111dddd0${k}mmmm`)
    )
  ),
  p("qadd and relatives", "111110101000nnnn 1111dddd10iimmmm"),
  p("rev.w and relatives", "111110101001nnnn 1111dddd10iimmmm", notSameM),
  p("sel", "111110101010nnnn 1111dddd1000mmmm"),
  p("clz", "111110101011nnnn 1111dddd1000mmmm", notSameM),
  multiply("mul.w", "0000", "0000", false),
  multiply("mla", "0000", "0000", true),
  multiply("mls", "0000", "0001", true),
  multiply("smulxy", "0001", "00ii", false),
  multiply("smlaxy", "0001", "00ii", true),
  multiply("smuad", "0010", "000i", false),
  multiply("smlad", "0010", "000i", true),
  multiply("smulwy", "0011", "000i", false),
  multiply("smlawy", "0011", "000i", true),
  multiply("smusd", "0100", "000i", false),
  multiply("smlsd", "0100", "000i", true),
  multiply("smmul", "0101", "000i", false),
  multiply("smmla", "0101", "000i", true),
  multiply("smmls", "0110", "000i", true),
  multiply("usad8", "0111", "0000", false),
  multiply("usada8", "0111", "0000", true),
  long("smull", "1000", "0000"),
  long("umull", "1010", "0000"),
  long("smlal", "1100", "0000"),
  long("umlal", "1110", "0000"),
  long("umaal", "1110", "0110"),
  long("smlalxy", "1100", "10ii"),
  long("smlald", "1100", "110i"),
  long("smlsld", "1101", "110i"),
  p("sdiv", "111110111001nnnn 1111dddd1111mmmm"),
  p("udiv", "111110111011nnnn 1111dddd1111mmmm"),
  p("msr apsr", "111100111000nnnn 1000ii0000000000", (op) => (op & 0xc00) !== 0),
  p("stm.w", "1110100010i0BBBB ssssssssssssssss", (op) => listOk(op)),
  p("ldm.w", "1110100010i1BBBB llllllllllllllll", (op) => listOk(op)),
  p("stmdb", "1110100100i0BBBB ssssssssssssssss", (op) => listOk(op)),
  p("ldmdb", "1110100100i1BBBB llllllllllllllll", (op) => listOk(op)),
  p("strd offset", "11101001i100BBBB nnnnmmmm000iiiii"),
  p("strd pre", "11101001i110BBBB nnnnmmmm000iiiii", (op) => noBase(op)),
  p("strd post", "11101000i110BBBB nnnnmmmm000iiiii", (op) => noBase(op)),
  p("ldrd offset", "11101001i101BBBB ddddeeee000iiiii", (op) => distinctLong(op)),
  p("ldrd pre", "11101001i111BBBB ddddeeee000iiiii", (op) => distinctLong(op)),
  p("ldrd post", "11101000i111BBBB ddddeeee000iiiii", (op) => distinctLong(op)),
  p("clrex", "1111001110111111 1000111100101111"),
  p("ldrex", "111010000101BBBB dddd1111iiiiiiii"),
  p("ldrexb", "111010001101BBBB dddd111101001111"),
  p("ldrexh", "111010001101BBBB dddd111101011111"),
  p("ldr.w literal", "1111100011011111 dddd00000000iiii"),
  p("ldrsh.w literal", "1111100110111111 dddd00000000iiii"),
  p("pld", "1111100010i1MMMM 1111iiiiiiiiiiii", (op) => (op & 0x00200000) === 0),
  ...single("str.w", "11111000U100", false),
  ...single("strb.w", "11111000U000", false),
  ...single("strh.w", "11111000U010", false),
  ...single("ldr.w", "11111000U101", true),
  ...single("ldrb.w", "11111000U001", true),
  ...single("ldrh.w", "11111000U011", true),
  ...single("ldrsb.w", "11111001U001", true),
  ...single("ldrsh.w", "11111001U011", true),
].map((pattern) => pattern.bits.length === 32 ? pattern : fail(pattern));

function fail(pattern: Pattern): never {
  throw new Error(`${pattern.name} has ${pattern.bits.length} bits`);
}

/** At least two registers. */
function listOk(op: number): boolean {
  const list = op & 0xffff;
  return (list & (list - 1)) !== 0;
}

/** A store with write-back must not store its base. */
function noBase(op: number): boolean {
  const base = (op >>> 16) & 15;
  return ((op >>> 12) & 15) !== base && ((op >>> 8) & 15) !== base;
}

/** Single-precision encodings of Cortex-M4F; every field names one of S0–S31. */
export const FLOAT: readonly Pattern[] = [
  p("vmla and vmls", "111011100i00iiii iiii1010iii0iiii"),
  p("vnmla and vnmls", "111011100i01iiii iiii1010iii0iiii"),
  p("vmul", "111011100i10iiii iiii1010i0i0iiii"),
  p("vnmul", "111011100i10iiii iiii1010i1i0iiii"),
  p("vadd", "111011100i11iiii iiii1010i0i0iiii"),
  p("vsub", "111011100i11iiii iiii1010i1i0iiii"),
  p("vdiv", "111011101i00iiii iiii1010i0i0iiii"),
  p("vfnma and vfnms", "111011101i01iiii iiii1010iii0iiii"),
  p("vfma and vfms", "111011101i10iiii iiii1010iii0iiii"),
  p("vmov imm", "111011101i11iiii iiii10100000iiii"),
  p("vmov and vabs", "111011101i110000 iiii1010i1i0iiii"),
  p("vneg", "111011101i110001 iiii101001i0iiii"),
  p("vsqrt", "111011101i110001 iiii101011i0iiii"),
  p("vcvt half to single", "111011101i110010 iiii1010i1i0iiii"),
  p("vcvt single to half", "111011101i110011 iiii1010i1i0iiii"),
  p("vcmp", "111011101i110100 iiii101001i0iiii"),
  p("vcmpe", "111011101i110100 iiii101011i0iiii"),
  p("vcmp zero", "111011101i110101 iiii1010i1000000"),
  p("vcvt from integer", "111011101i111000 iiii1010i1i0iiii"),
  p("vcvt to integer", "111011101i11110i iiii1010i1i0iiii"),
  p("vcvt from fixed", "111011101i11101i iiii101011i0iiii"),
  p("vcvt to fixed", "111011101i11111i iiii101011i0iiii"),
  p("vmov to core", "111011100001iiii dddd1010i0010000"),
  p("vmov from core", "111011100000iiii nnnn1010i0010000"),
  p(
    "vmov pair to core",
    "111011000101dddd eeee101000i1iiii",
    (op) => ((op >>> 16) & 15) !== ((op >>> 12) & 15) && pairOk(op),
  ),
  p("vmov pair from core", "111011000100nnnn mmmm101000i1iiii", pairOk),
  p("vmrs", "1110111011110001 dddd101000010000"),
  p("vmrs apsr", "1110111011110001 1111101000010000"),
  p("vldr", "11101101ii01BBBB iiii1010iiiiiiii"),
  p("vstr", "11101101ii00BBBB iiii1010iiiiiiii"),
  p("vldr double", "11101101i001BBBB iiii1011iiiiiiii"),
  p("vstr double", "11101101i000BBBB iiii1011iiiiiiii"),
  p("vldm", "111011001ii1BBBB iiii1010000iiiii", blockOk),
  p("vstm", "111011001ii0BBBB iiii1010000iiiii", blockOk),
  p("vldmdb", "111011010i11BBBB iiii1010000iiiii", blockOk),
  p("vstmdb", "111011010i10BBBB iiii1010000iiiii", blockOk),
];

function pairOk(op: number): boolean {
  return (((op & 15) << 1) | ((op >>> 5) & 1)) < 31;
}

/** At least one register, and none past S31. */
function blockOk(op: number): boolean {
  const first = (((op >>> 12) & 15) << 1) | ((op >>> 22) & 1);
  const count = op & 0xff;
  return count > 0 && first + count <= 32;
}
