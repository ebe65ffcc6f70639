import { assertEquals } from "@std/assert";
import { ManualFlashHost } from "./busy.ts";
import { Stm32F4Flash } from "./stm32f4.ts";

const KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, OPTCR = 0x14;
const EOP = 1, OPERR = 2, WRPERR = 0x10, PGPERR = 0x40, PGSERR = 0x80, BSY = 0x10000;
const PG = 1, SER = 2, MER = 4, X32 = 0x200, STRT = 0x10000, EOPIE = 1 << 24, ERRIE = 1 << 25, LOCK = 0x80000000;

function make(options: { isLockedOut?: () => boolean } = {}) {
  const host = new ManualFlashHost();
  const erased: number[][] = [];
  const flash = new Stm32F4Flash({
    host,
    timing: "datasheet",
    onErase: (offset, length) => erased.push([offset, length]),
    ...options,
  });
  const unlock = () => [flash.write(KEYR, 4, 0x45670123), flash.write(KEYR, 4, 0xcdef89ab)];
  const unlockOptions = () => [flash.write(OPTKEYR, 4, 0x08192a3b), flash.write(OPTKEYR, 4, 0x4c5d6e7f)];
  return { host, flash, unlock, unlockOptions, erased };
}

Deno.test("Stm32F4Flash stays locked until reset after a wrong key, with a bus error", () => {
  const { flash, unlock } = make();
  assertEquals(flash.write(KEYR, 4, 0), false);
  assertEquals(unlock(), [false, false]);
  assertEquals(flash.read(CR, 4), LOCK);
  flash.reset();
  assertEquals(unlock(), [true, true]);
  assertEquals(flash.read(CR, 4), 0);
});

Deno.test("Stm32F4Flash raises PGSERR for a store without PG", () => {
  const { flash, unlock } = make();
  flash.program(0, 4, 0);
  assertEquals(flash.read(SR, 4), PGSERR);
  flash.write(SR, 4, PGSERR);
  unlock();
  flash.write(CR, 4, X32);
  flash.program(0, 4, 0);
  assertEquals([flash.read(SR, 4), flash.array[0]], [PGSERR, 0xff]);
});

Deno.test("Stm32F4Flash raises PGPERR when the width is not that of PSIZE, and OPERR only with ERRIE", () => {
  const { flash, unlock } = make();
  unlock();
  flash.write(CR, 4, PG | X32);
  flash.program(0, 2, 0);
  assertEquals([flash.read(SR, 4), flash.array[0]], [PGPERR, 0xff]);
  flash.write(SR, 4, PGPERR);
  flash.write(CR, 4, PG | ERRIE);
  flash.program(0, 4, 0);
  assertEquals(flash.read(SR, 4), PGPERR | OPERR);
});

Deno.test("Stm32F4Flash only clears bits, 16 us per word, and sets EOP only with EOPIE", () => {
  const { host, flash, unlock } = make();
  unlock();
  flash.write(CR, 4, PG | X32);
  flash.program(4, 4, 0x12345678);
  assertEquals(flash.read(SR, 4), BSY);
  host.time = 16_000;
  assertEquals(flash.read(SR, 4), 0);
  flash.write(CR, 4, PG | X32 | EOPIE);
  flash.program(4, 4, 0xff00ff00);
  flash.waitWhileBusy();
  assertEquals(flash.read(SR, 4), EOP);
  assertEquals(flash.array.slice(4, 8), Uint8Array.of(0x00, 0x56, 0x00, 0x12));
});

Deno.test("Stm32F4Flash erases the sector of SNB in the time of PSIZE", () => {
  const { host, flash, unlock, erased } = make();
  flash.array.fill(0);
  unlock();
  flash.write(CR, 4, SER | X32 | 4 << 3 | STRT);
  assertEquals([flash.read(SR, 4), flash.read(CR, 4)], [BSY, SER | X32 | 4 << 3 | STRT]);
  flash.waitWhileBusy();
  assertEquals([host.time, flash.read(CR, 4)], [550_000_000, SER | X32 | 4 << 3]);
  assertEquals(erased, [[0x10000, 0x10000]]);
  assertEquals([flash.array[0xffff], flash.array[0x10000], flash.array[0x1ffff], flash.array[0x20000]], [
    0,
    255,
    255,
    0,
  ]);
});

Deno.test("Stm32F4Flash refuses a sector that does not exist and mixed operations", () => {
  const { flash, unlock } = make();
  unlock();
  for (const control of [SER | 12 << 3, SER | PG, SER | MER, 0]) {
    flash.write(CR, 4, control | STRT);
    assertEquals([flash.read(SR, 4), flash.busy], [PGSERR, false]);
    flash.write(SR, 4, PGSERR);
  }
});

Deno.test("Stm32F4Flash holds writes to CR and stores until it is idle", () => {
  const { host, flash, unlock } = make();
  unlock();
  flash.write(CR, 4, SER | X32 | STRT);
  flash.write(CR, 4, PG | X32);
  assertEquals(host.time, 250_000_000);
  flash.program(0, 4, 1);
  flash.program(4, 4, 2);
  assertEquals(host.time, 250_016_000);
});

Deno.test("Stm32F4Flash mass-erases only when no sector is write-protected", () => {
  const { flash, unlock, unlockOptions } = make();
  flash.array.fill(0);
  unlock();
  unlockOptions();
  flash.write(OPTCR, 4, 0x0ff7aaec | 2);
  flash.waitWhileBusy();
  flash.write(CR, 4, MER | STRT);
  assertEquals([flash.read(SR, 4), flash.array[0]], [WRPERR, 0]);
  flash.write(SR, 4, WRPERR);
  flash.write(CR, 4, SER | 3 << 3 | STRT);
  assertEquals(flash.read(SR, 4), WRPERR);
  flash.write(SR, 4, WRPERR);
  flash.write(CR, 4, SER | 2 << 3 | STRT);
  flash.waitWhileBusy();
  assertEquals([flash.read(SR, 4), flash.array[0x8000]], [0, 0xff]);
});

Deno.test("Stm32F4Flash needs its own keys for OPTCR, and a wrong one jams it", () => {
  const { flash, unlockOptions } = make();
  flash.write(OPTCR, 4, 0);
  assertEquals(flash.read(OPTCR, 4), 0x0fffaaed);
  assertEquals(flash.write(OPTKEYR, 4, 0x45670123), false);
  assertEquals(unlockOptions(), [false, false]);
});

Deno.test("Stm32F4Flash erases everything when protection goes from level 1 to 0", () => {
  const { flash, unlockOptions } = make();
  flash.array.fill(0x5a);
  flash.forceProtection(1);
  assertEquals([flash.protectionLevel, flash.options[1]], [1, 0]);
  unlockOptions();
  flash.write(OPTCR, 4, 0x0fffaaec | 2);
  flash.waitWhileBusy();
  assertEquals(flash.array.every((byte) => byte === 0xff), true);
  assertEquals(flash.protectionLevel, 1);
  flash.reset();
  assertEquals(flash.protectionLevel, 0);
});

Deno.test("Stm32F4Flash programs OTP once and honours its lock bytes", () => {
  const { flash, unlock } = make();
  unlock();
  flash.write(CR, 4, PG | X32);
  flash.programOtp(32, 4, 0x11223344);
  flash.write(CR, 4, PG);
  flash.programOtp(513, 1, 0);
  flash.write(CR, 4, PG | X32);
  flash.programOtp(36, 4, 0);
  assertEquals(flash.read(SR, 4) & WRPERR, WRPERR);
  assertEquals(flash.otp.slice(32, 37), Uint8Array.of(0x44, 0x33, 0x22, 0x11, 0xff));
});

Deno.test("Stm32F4Flash raises WRPERR when read-out protection locks everyone out", () => {
  const { flash, unlock } = make({ isLockedOut: () => true });
  unlock();
  flash.write(CR, 4, MER | STRT);
  assertEquals([flash.read(SR, 4), flash.busy], [WRPERR, false]);
});
