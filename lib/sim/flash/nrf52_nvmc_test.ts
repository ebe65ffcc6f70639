import { assertEquals } from "@std/assert";
import { ManualFlashHost } from "./busy.ts";
import { Nrf52CtrlAp } from "./nrf52_ctrl_ap.ts";
import { Nrf52Nvmc } from "./nrf52_nvmc.ts";

const READY = 0x400, READYNEXT = 0x408, CONFIG = 0x504, ERASEPAGE = 0x508, ERASEALL = 0x50c, ERASEUICR = 0x514;
const ERASEPAGEPARTIAL = 0x518, ERASEPAGEPARTIALCFG = 0x51c;

function make(isProtected = false) {
  const host = new ManualFlashHost();
  const nvmc = new Nrf52Nvmc({ host, timing: "datasheet", isProtected: () => isProtected });
  return { host, nvmc };
}

Deno.test("Nrf52Nvmc answers stores without WEN, and narrow ones, with a bus error", () => {
  const { nvmc } = make();
  assertEquals(nvmc.program(0, 4, 0), false);
  nvmc.write(CONFIG, 4, 1);
  assertEquals([nvmc.program(0, 1, 0), nvmc.program(0, 2, 0)], [false, false]);
  nvmc.write(CONFIG, 4, 2);
  assertEquals(nvmc.programUicr(0, 4, 0), false);
  assertEquals([nvmc.array[0], nvmc.uicr[0]], [0xff, 0xff]);
});

Deno.test("Nrf52Nvmc only clears bits and counts writes beyond nWRITE", () => {
  const { nvmc } = make();
  nvmc.write(CONFIG, 4, 1);
  nvmc.program(8, 4, 0xfffffff0);
  nvmc.program(8, 4, 0x0fffffff);
  assertEquals([nvmc.array.slice(8, 12), nvmc.excessWrites], [Uint8Array.of(0xf0, 0xff, 0xff, 0x0f), 0]);
  nvmc.program(8, 4, 0);
  assertEquals(nvmc.excessWrites, 1);
});

Deno.test("Nrf52Nvmc buffers one write and holds the bus for the next", () => {
  const { host, nvmc } = make();
  nvmc.write(CONFIG, 4, 1);
  nvmc.program(0, 4, 0);
  assertEquals([nvmc.read(READY, 4), nvmc.read(READYNEXT, 4)], [0, 1]);
  nvmc.program(4, 4, 0);
  assertEquals([nvmc.read(READYNEXT, 4), host.time], [0, 0]);
  nvmc.program(8, 4, 0);
  assertEquals(host.time, 41_000);
  host.time = 3 * 41_000;
  assertEquals(nvmc.read(READY, 4), 1);
});

Deno.test("Nrf52Nvmc erases a page only with EEN, in 85 ms", () => {
  const { host, nvmc } = make();
  nvmc.array.fill(0);
  nvmc.write(ERASEPAGE, 4, 0x1000);
  nvmc.write(CONFIG, 4, 1);
  nvmc.write(ERASEPAGE, 4, 0x1000);
  assertEquals([nvmc.busy, nvmc.array[0x1000]], [false, 0]);
  nvmc.write(CONFIG, 4, 2);
  nvmc.write(ERASEPAGE, 4, 0x1000);
  assertEquals([nvmc.array[0xfff], nvmc.array[0x1000], nvmc.array[0x1fff], nvmc.array[0x2000]], [0, 255, 255, 0]);
  nvmc.write(ERASEPAGE, 4, 0x2000);
  nvmc.write(CONFIG, 4, 0);
  nvmc.waitWhileBusy();
  assertEquals([host.time, nvmc.array[0x2000], nvmc.read(CONFIG, 4)], [85_000_000, 0, 2]);
});

Deno.test("Nrf52Nvmc erases UICR with ERASEALL, and with ERASEUICR unless protected", () => {
  const { nvmc } = make(true);
  nvmc.uicr.fill(0);
  nvmc.write(CONFIG, 4, 2);
  nvmc.write(ERASEUICR, 4, 1);
  assertEquals([nvmc.busy, nvmc.uicr[0]], [false, 0]);
  nvmc.write(ERASEALL, 4, 1);
  assertEquals([nvmc.busy, nvmc.uicr[0]], [true, 255]);
  const { nvmc: open } = make();
  open.uicr.fill(0);
  open.write(CONFIG, 4, 2);
  open.write(ERASEUICR, 4, 1);
  assertEquals(open.uicr[0], 255);
});

Deno.test("Nrf52Nvmc erases a page by parts once their times add up", () => {
  const { nvmc } = make();
  nvmc.array.fill(0);
  nvmc.write(CONFIG, 4, 2);
  nvmc.write(ERASEPAGEPARTIALCFG, 4, 50);
  nvmc.write(ERASEPAGEPARTIAL, 4, 0);
  nvmc.waitWhileBusy();
  assertEquals(nvmc.array[0], 0);
  nvmc.write(ERASEPAGEPARTIAL, 4, 0);
  assertEquals(nvmc.array[0], 255);
});

Deno.test("Nrf52CtrlAp erases once per request and reports protection and identity", () => {
  const calls: string[] = [];
  let busy = false;
  const ap = new Nrf52CtrlAp({
    isProtected: () => !busy,
    isErasing: () => busy,
    eraseAll: () => {
      calls.push("erase");
      busy = true;
    },
    setReset: (asserted) => calls.push(`reset ${asserted}`),
  });
  const value = (register: number) => {
    const reply = ap.read(register);
    return reply.kind === "ok" ? reply.value : reply.kind;
  };
  assertEquals([value(0xfc), value(0x0c), value(0x08)], [0x02880000, 0, 0]);
  ap.write(4, 1);
  ap.write(4, 1);
  assertEquals([value(0x08), value(0x0c)], [1, 1]);
  ap.write(0, 1);
  ap.write(0, 1);
  ap.write(0, 0);
  assertEquals(calls, ["erase", "reset true", "reset false"]);
});
