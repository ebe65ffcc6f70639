import { assert, assertEquals } from "@std/assert";
import { BoardClock } from "../boards/board_clock.ts";
import { BusyTimer } from "./busy.ts";

/** A core that polls every ten clocks, and how often it did. */
function pollingCore(hz: number) {
  const core = {
    cycles: 0,
    polls: 0,
    wasBusy: true,
    timer: undefined as BusyTimer | undefined,
    run(count: number): number {
      for (let used = 0; used < count; used += 10) {
        core.cycles += 10;
        core.polls++;
        core.wasBusy = core.timer!.poll();
      }
      return count;
    },
  };
  const clock = new BoardClock(core, hz);
  const timer = core.timer = new BusyTimer(clock, "datasheet");
  return { core, clock, timer };
}

Deno.test("BusyTimer.poll() lets a core get around a long wait with few turns, in the same time", () => {
  const { core, clock, timer } = pollingCore(16e6);
  timer.start(2e9);
  clock.advance(1.99e9);
  assert(core.wasBusy);
  clock.advance(0.02e9);
  assertEquals([core.wasBusy, timer.busy], [false, false]);
  assert(clock.now() >= 2e9 && clock.now() < 2.02e9);
  assert(core.polls > 1000 && core.polls < 2e9 / 625 / 20, `${core.polls} polls`);
});

Deno.test("BusyTimer.poll() costs a short wait every turn", () => {
  const { core, clock, timer } = pollingCore(16e6);
  timer.start(160_000);
  clock.advance(150_000);
  assertEquals([core.polls, core.wasBusy], [240, true]);
});

Deno.test("BusyTimer.poll() takes a debugger's polls no longer than others", () => {
  const { clock, timer } = pollingCore(16e6);
  timer.start(1e9);
  for (let i = 0; i < 1000; i++) assertEquals(timer.poll(), true);
  assertEquals(clock.now(), 0);
});
