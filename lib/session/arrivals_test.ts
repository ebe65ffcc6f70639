import { assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../base/clock.ts";
import { ProbeError } from "../base/errors.ts";
import type { ProbeDriver, ProbeWatch } from "../probe/probe.ts";
import { Arrivals } from "./arrivals.ts";

/** A watch that answers what a test says, and then only when it is told to end. */
class FakeWatch implements ProbeWatch {
  /** Limits it was given, in milliseconds. */
  readonly limits: number[] = [];
  /** Waits under way. */
  waiting = 0;
  isClosed = false;
  readonly #answers: (boolean | Error)[];

  constructor(...answers: (boolean | Error)[]) {
    this.#answers = answers;
  }

  async changed(limitMs: number, signal?: AbortSignal): Promise<boolean> {
    this.limits.push(limitMs);
    const answer = this.#answers.shift();
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer;
    this.waiting++;
    await new Promise<void>((resolve) => {
      if (signal!.aborted) resolve();
      else signal!.addEventListener("abort", () => resolve());
    });
    this.waiting--;
    return false;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function driver(watch: () => Promise<ProbeWatch | undefined>, enumerable = true): ProbeDriver {
  return {
    name: "a",
    description: "a",
    enumerable,
    list: () => Promise.resolve([]),
    open: () => Promise.reject(new ProbeError("Cannot open")),
    watch,
  };
}

function watchAll(...watches: (FakeWatch | undefined)[]): Promise<Arrivals> {
  return Arrivals.watch(watches.map((watch) => driver(() => Promise.resolve(watch))), new VirtualClock());
}

Deno.test("Arrivals.watch() ends the watches that began when one cannot", async () => {
  const good = new FakeWatch();
  const drivers = [driver(() => Promise.resolve(good)), driver(() => Promise.reject(new ProbeError("Cannot watch")))];
  await assertRejects(() => Arrivals.watch(drivers, new VirtualClock()), ProbeError, "Cannot watch");
  assertEquals(good.isClosed, true);
});

Deno.test("Arrivals.watch() leaves drivers alone whose probes do not show up", async () => {
  const named = driver(() => Promise.reject(new ProbeError("Cannot watch")), false);
  await (await Arrivals.watch([named], new VirtualClock())).close();
});

Deno.test("Arrivals.next() fails when a watch does, and ends the others' waits", async () => {
  const [idle, broken] = [new FakeWatch(), new FakeWatch(new ProbeError("Cannot wait"))];
  const arrivals = await watchAll(idle, broken);
  await assertRejects(() => arrivals.next(), ProbeError, "Cannot wait");
  assertEquals([idle.limits.length, idle.waiting], [1, 0]);
  await arrivals.close();
  assertEquals([idle.isClosed, broken.isClosed], [true, true]);
});

Deno.test("Arrivals.next() looks again soon after something has come, seldom otherwise", async () => {
  const [idle, busy] = [new FakeWatch(), new FakeWatch(false, true, false)];
  const arrivals = await watchAll(idle, busy);
  for (let i = 0; i < 4; i++) await arrivals.next(i === 3 ? AbortSignal.abort() : undefined);
  assertEquals(busy.limits, [1000, 1000, 100, 1000]);
  assertEquals([idle.limits, idle.waiting], [busy.limits, 0]);
});

Deno.test("Arrivals.next() looks often when a driver does not tell, and sleeps when none does", async () => {
  const watch = new FakeWatch(false);
  await (await watchAll(watch, undefined)).next();
  assertEquals(watch.limits, [100]);
  const clock = new VirtualClock();
  const arrivals = await Arrivals.watch([driver(() => Promise.resolve(undefined))], clock);
  await arrivals.next();
  assertEquals(clock.now(), 100);
});

Deno.test("Arrivals.next() ends when the signal fires", async () => {
  const watch = new FakeWatch();
  const arrivals = await watchAll(watch);
  const abort = new AbortController();
  const waiting = arrivals.next(abort.signal);
  abort.abort();
  await waiting;
  assertEquals(watch.waiting, 0);
});
