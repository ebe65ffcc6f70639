import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { VirtualClock } from "../base/clock.ts";
import { InternalError } from "../base/errors.ts";
import type { LibusbSymbols } from "./symbols.ts";
import { UsbError } from "./usb.ts";
import { LibusbWatch } from "./watch.ts";

/** libusb as far as a watch calls it; devices are addresses. */
class FakeLibrary {
  /** Devices present. */
  devices: bigint[] = [];
  /** What libusb_has_capability answers. */
  tells = 1;
  /** What libusb_init answers. */
  initCode = 0;
  /** What libusb_get_device_list answers when it fails. */
  listCode = 0;
  /** What each wait for events does, and answers; without one, it ends when it is interrupted. */
  onWait: ((ms: number) => number) | undefined;
  /** Limits of the waits so far, in milliseconds. */
  readonly waits: number[] = [];
  /** References held to devices. */
  references = 0;
  /** Contexts that are open. */
  contexts = 0;
  /** Threads that wait inside the library now. */
  threads = 0;
  #wake: (() => void) | undefined;
  #isInterrupted = false;
  #list = new BigUint64Array();

  get symbols(): LibusbSymbols {
    return this.#functions as unknown as LibusbSymbols;
  }

  readonly #functions = {
    libusb_init: (out: BigUint64Array) => {
      if (this.initCode < 0) return this.initCode;
      this.contexts++;
      out[0] = 0x1000n;
      return 0;
    },
    libusb_exit: () => {
      assertEquals([this.threads, this.references], [0, 0], "the context is still used");
      this.contexts--;
    },
    libusb_has_capability: (capability: number) => capability === 1 ? this.tells : 0,
    libusb_get_device_list: (_context: Deno.PointerValue, out: BigUint64Array) => {
      assertEquals(this.contexts, 1, "the context is closed");
      if (this.listCode < 0) return BigInt(this.listCode);
      this.#list = new BigUint64Array([...this.devices, 0n]);
      out[0] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#list));
      this.references += this.devices.length;
      return BigInt(this.devices.length);
    },
    libusb_free_device_list: (_list: Deno.PointerValue, unref: number) => {
      if (unref) this.references -= this.#list.length - 1;
    },
    libusb_ref_device: (pointer: Deno.PointerValue) => {
      this.references++;
      return pointer;
    },
    libusb_unref_device: () => void this.references--,
    wait_for_events: async (_context: Deno.PointerValue, limit: Uint8Array) => {
      const view = new DataView(limit.buffer);
      const microsAt = Deno.build.os === "windows" ? 4 : 8;
      const ms = view.getInt32(0, true) * 1000 + view.getInt32(microsAt, true) / 1000;
      this.waits.push(ms);
      if (this.onWait) return this.onWait(ms);
      this.threads++;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      if (!this.#isInterrupted) await promise;
      this.#isInterrupted = false;
      this.threads--;
      return 0;
    },
    libusb_interrupt_event_handler: () => {
      assertEquals(this.contexts, 1, "the context is closed");
      this.#isInterrupted = true;
      this.#wake?.();
    },
  };
}

/** A watch over the library, in virtual time; waits for events take all the time they may. */
function watchOver(library: FakeLibrary): { watch: LibusbWatch; clock: VirtualClock } {
  const clock = new VirtualClock();
  library.onWait ??= (ms) => {
    clock.sleep(ms);
    return 0;
  };
  return { watch: new LibusbWatch(library.symbols, { clock }), clock };
}

Deno.test("LibusbWatch leaves nothing behind when it cannot begin", () => {
  const library = new FakeLibrary();
  library.initCode = -99;
  assertThrows(() => watchOver(library), UsbError, "Cannot watch USB devices: input/output error");
  library.initCode = 0;
  library.listCode = -3;
  assertThrows(() => watchOver(library), UsbError, "Cannot list USB devices: permission denied");
  assertEquals(library.contexts, 0);
});

Deno.test("LibusbWatch.changed() passes on that waiting fails, but not that a signal arrived", async () => {
  const library = new FakeLibrary();
  const { watch } = watchOver(library);
  const codes = [-10, -1];
  library.onWait = () => codes.shift()!;
  await assertRejects(() => watch.changed(5000), UsbError, "Cannot wait for USB devices");
  assertEquals(codes, []);
  await watch.close();
});

Deno.test("LibusbWatch.changed() gives up after its limit, in waits of at most a second", async () => {
  const library = new FakeLibrary();
  const { watch, clock } = watchOver(library);
  assertEquals(await watch.changed(2500), false);
  assertEquals([library.waits, clock.now()], [[1000, 1000, 500], 2500]);
  await watch.close();
  assertEquals([library.contexts, library.references], [0, 0]);
});

Deno.test("LibusbWatch.changed() refuses a second wait at once", async () => {
  const library = new FakeLibrary();
  const watch = new LibusbWatch(library.symbols);
  const first = watch.changed(60_000);
  await assertRejects(() => watch.changed(1), InternalError, "another wait is under way");
  await watch.close();
  assertEquals(await first, false);
});

Deno.test("LibusbWatch.changed() tells of devices that come and go, also between two calls", async () => {
  const library = new FakeLibrary();
  library.devices = [0x10n];
  const { watch, clock } = watchOver(library);
  const steps = [[0x10n, 0x20n], [0x20n]];
  library.onWait = () => {
    library.devices = steps.shift() ?? library.devices;
    return 0;
  };
  assertEquals(await watch.changed(1000), true);
  assertEquals(await watch.changed(1000), true);
  library.devices = [0x30n];
  assertEquals(await watch.changed(1000), true);
  assertEquals([library.waits.length, clock.now()], [2, 0]);
  await watch.close();
});

Deno.test("LibusbWatch.changed() goes on waiting when woken for nothing", async () => {
  const library = new FakeLibrary();
  const { watch, clock } = watchOver(library);
  library.onWait = () => {
    clock.sleep(300);
    return 0;
  };
  assertEquals(await watch.changed(1000), false);
  assertEquals(library.waits, [1000, 700, 400, 100]);
  await watch.close();
});

for (const tells of [1, 0]) {
  const how = tells ? "where libusb tells" : "where it looks by itself";
  Deno.test(`LibusbWatch ends a wait when the signal fires or it is closed, ${how}`, async () => {
    const library = new FakeLibrary();
    library.tells = tells;
    const never = { now: () => 0, sleep: () => new Promise<void>(() => {}) };
    const watch = new LibusbWatch(library.symbols, { clock: never });
    assertEquals(await watch.changed(60_000, AbortSignal.abort()), false);
    const abort = new AbortController();
    const aborted = watch.changed(60_000, abort.signal);
    abort.abort();
    assertEquals(await aborted, false);
    const other = new AbortController();
    const waiting = watch.changed(60_000, other.signal);
    await Promise.all([watch.close(), watch.close()]);
    assertEquals(await waiting, false);
    other.abort();
    assertEquals(await watch.changed(60_000, other.signal), false);
    assertEquals([library.contexts, library.threads], [0, 0]);
  });
}

Deno.test("LibusbWatch.changed() looks every quarter of a second where libusb does not tell", async () => {
  const library = new FakeLibrary();
  library.tells = 0;
  const { watch, clock } = watchOver(library);
  assertEquals([await watch.changed(1000), clock.now()], [false, 1000]);
  const sleep = clock.sleep.bind(clock);
  let sleeps = 0;
  clock.sleep = (ms) => {
    if (++sleeps === 3) library.devices = [0x10n];
    return sleep(ms);
  };
  assertEquals([await watch.changed(60_000), clock.now()], [true, 1750]);
  assertEquals(library.waits, []);
  await watch.close();
});
