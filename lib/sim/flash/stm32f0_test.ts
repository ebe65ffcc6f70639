import { assertEquals } from "@std/assert";
import { ManualFlashHost } from "./busy.ts";
import { Stm32F0Flash } from "./stm32f0.ts";

const KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, AR = 0x14, OBR = 0x1c, WRPR = 0x20;
const BSY = 1, PGERR = 4, WRPRTERR = 0x10, EOP = 0x20;
const PG = 1, PER = 2, MER = 4, OPTPG = 0x10, OPTER = 0x20, STRT = 0x40, LOCK = 0x80, OPTWRE = 0x200, LAUNCH = 0x2000;

function make(options: { isLockedOut?: () => boolean } = {}) {
  const host = new ManualFlashHost();
  const launches: string[] = [];
  const flash: Stm32F0Flash = new Stm32F0Flash({
    size: 0x20000,
    pageSize: 0x800,
    host,
    timing: "datasheet",
    onOptionLaunch: () => {
      launches.push("launch");
      flash.reset();
    },
    ...options,
  });
  const unlock = () => [flash.write(KEYR, 4, 0x45670123), flash.write(KEYR, 4, 0xcdef89ab)];
  const unlockOptions = () => [flash.write(OPTKEYR, 4, 0x45670123), flash.write(OPTKEYR, 4, 0xcdef89ab)];
  const idle = () => flash.waitWhileBusy();
  return { host, flash, unlock, unlockOptions, idle, launches };
}

Deno.test("Stm32F0Flash stays locked until reset after a wrong key, with a bus error", () => {
  const { flash, unlock } = make();
  assertEquals(flash.write(KEYR, 4, 0x45670124), false);
  assertEquals(unlock(), [false, false]);
  assertEquals(flash.read(CR, 4), LOCK);
  flash.reset();
  assertEquals(unlock(), [true, true]);
  assertEquals(flash.read(CR, 4), 0);
});

Deno.test("Stm32F0Flash refuses the second key when the first was right and the second is wrong", () => {
  const { flash } = make();
  assertEquals(flash.write(KEYR, 4, 0x45670123), true);
  assertEquals(flash.write(KEYR, 4, 0x45670123), false);
  assertEquals(flash.read(CR, 4), LOCK);
});

Deno.test("Stm32F0Flash ignores writes to CR while locked", () => {
  const { flash } = make();
  flash.write(CR, 4, PG);
  assertEquals(flash.read(CR, 4), LOCK);
  flash.program(0, 2, 0x1234);
  assertEquals(flash.array[0], 0xff);
});

Deno.test("Stm32F0Flash answers byte and word stores with a bus error", () => {
  const { flash, unlock } = make();
  unlock();
  flash.write(CR, 4, PG);
  assertEquals(flash.program(0, 1, 0), false);
  assertEquals(flash.program(0, 4, 0), false);
  assertEquals(flash.array[0], 0xff);
});

Deno.test("Stm32F0Flash raises PGERR for a half-word that is not erased, but takes 0x0000", () => {
  const { flash, unlock, idle } = make();
  unlock();
  flash.write(CR, 4, PG);
  flash.program(2, 2, 0x1234);
  idle();
  assertEquals(flash.read(SR, 4), EOP);
  flash.write(SR, 4, EOP);
  flash.program(2, 2, 0x1200);
  assertEquals(flash.read(SR, 4), PGERR);
  assertEquals(flash.array.slice(2, 4), Uint8Array.of(0x34, 0x12));
  flash.write(SR, 4, PGERR);
  flash.program(2, 2, 0);
  idle();
  assertEquals(flash.read(SR, 4), EOP);
  assertEquals(flash.array.slice(2, 4), Uint8Array.of(0, 0));
});

Deno.test("Stm32F0Flash is busy for the typical programming time of the data sheet", () => {
  const { host, flash, unlock } = make();
  unlock();
  flash.write(CR, 4, PG);
  flash.program(0, 2, 0);
  assertEquals(flash.read(SR, 4), BSY);
  host.time = 53_499;
  assertEquals(flash.read(SR, 4), BSY);
  host.time = 53_500;
  assertEquals(flash.read(SR, 4), EOP);
});

Deno.test("Stm32F0Flash erases one page, and only that one", () => {
  const { host, flash, unlock } = make();
  flash.array.fill(0);
  unlock();
  flash.write(CR, 4, PER);
  flash.write(AR, 4, 0x08000ffe);
  flash.write(CR, 4, PER | STRT);
  assertEquals([flash.read(SR, 4), flash.read(CR, 4)], [BSY, PER | STRT]);
  flash.waitWhileBusy();
  assertEquals(host.time, 30_000_000);
  assertEquals([flash.read(SR, 4), flash.read(CR, 4)], [EOP, PER]);
  assertEquals([flash.array[0x7ff], flash.array[0x800], flash.array[0xfff], flash.array[0x1000]], [0, 255, 255, 0]);
});

Deno.test("Stm32F0Flash drops CR and AR writes while busy, and does not erase outside the array", () => {
  const { flash, unlock, idle } = make();
  flash.array.fill(0);
  unlock();
  flash.write(AR, 4, 0x08020000);
  flash.write(CR, 4, PER | STRT);
  assertEquals(flash.busy, false);
  flash.write(AR, 4, 0x08000000);
  flash.write(CR, 4, PER | STRT);
  flash.write(AR, 4, 0x08001000);
  flash.write(CR, 4, MER);
  idle();
  assertEquals([flash.read(AR, 4), flash.read(CR, 4)], [0x08000000, PER]);
  assertEquals(flash.array[0x800], 0);
});

Deno.test("Stm32F0Flash mass-erases, and refuses to when a page is write-protected", () => {
  const { flash, unlock, unlockOptions, idle } = make();
  flash.array.fill(0);
  unlock();
  flash.write(CR, 4, MER | STRT);
  idle();
  assertEquals(flash.array.every((byte) => byte === 0xff), true);
  unlockOptions();
  flash.write(CR, 4, OPTER | OPTWRE);
  flash.write(CR, 4, OPTER | OPTWRE | STRT);
  idle();
  flash.write(CR, 4, OPTPG | OPTWRE);
  flash.programOption(0, 2, 0xaa);
  flash.programOption(8, 2, 0xfe);
  idle();
  assertEquals(flash.options.slice(0, 2), Uint8Array.of(0xaa, 0x55));
  assertEquals(flash.read(WRPR, 4), 0xffffffff);
  flash.write(CR, 4, OPTWRE | LAUNCH);
  assertEquals(flash.read(WRPR, 4), 0xfffffffe);
  assertEquals(flash.read(OBR, 4) & 7, 0);
  unlock();
  flash.write(CR, 4, MER | STRT);
  assertEquals(flash.read(SR, 4), WRPRTERR);
  flash.write(CR, 4, PG);
  flash.write(SR, 4, WRPRTERR);
  flash.program(0xffe, 2, 0);
  assertEquals([flash.read(SR, 4), flash.array[0xffe]], [WRPRTERR, 0xff]);
});

Deno.test("Stm32F0Flash erases everything when protection goes from level 1 to 0", () => {
  const { flash, unlock, unlockOptions, idle, launches } = make();
  flash.array.fill(0x5a);
  flash.forceProtection(1);
  assertEquals(flash.protectionLevel, 1);
  unlock();
  unlockOptions();
  flash.write(CR, 4, OPTER | OPTWRE);
  flash.write(CR, 4, OPTER | OPTWRE | STRT);
  idle();
  flash.write(CR, 4, OPTPG | OPTWRE);
  flash.programOption(0, 2, 0xaa);
  idle();
  assertEquals(flash.array.every((byte) => byte === 0xff), true);
  assertEquals(flash.protectionLevel, 1);
  flash.write(CR, 4, OPTWRE | LAUNCH);
  assertEquals([flash.protectionLevel, launches.length], [0, 1]);
});

Deno.test("Stm32F0Flash needs the option keys for option bytes", () => {
  const { flash, unlock, idle } = make();
  unlock();
  flash.write(CR, 4, OPTER | OPTWRE | STRT);
  idle();
  assertEquals([flash.read(CR, 4), flash.options[0]], [OPTER, 0xaa]);
});

Deno.test("Stm32F0Flash raises WRPRTERR when read-out protection locks everyone out", () => {
  const { flash, unlock } = make({ isLockedOut: () => true });
  unlock();
  flash.write(CR, 4, PG);
  flash.program(0, 2, 0);
  assertEquals([flash.read(SR, 4), flash.array[0]], [WRPRTERR, 0xff]);
});
