import { assertEquals } from "@std/assert";
import { BoardClock } from "./board_clock.ts";

function make(limit = Infinity) {
  const core = {
    cycles: 0,
    run(count: number): number {
      const used = Math.min(count, limit - core.cycles);
      core.cycles += used;
      return used;
    },
  };
  return { core, clock: new BoardClock(core, 1e8) };
}

Deno.test("BoardClock lets time pass for a core that does not run", () => {
  const { core, clock } = make(3);
  clock.advance(100);
  assertEquals([core.cycles, clock.now()], [3, 100]);
  clock.advance(1e9);
  assertEquals([core.cycles, clock.now()], [3, 1e9 + 100]);
});

Deno.test("BoardClock loses no time to slices shorter than a clock", () => {
  const { core, clock } = make();
  for (let i = 0; i < 1000; i++) clock.advance(1);
  assertEquals(core.cycles, 100);
});

Deno.test("BoardClock never moves back when stalled until the past", () => {
  const { clock } = make();
  clock.advance(1000);
  clock.stallUntil(500);
  assertEquals(clock.now(), 1000);
});

Deno.test("BoardClock lets the core pay for its own stall before it runs again", () => {
  const core = {
    cycles: 0,
    run(count: number): number {
      if (core.cycles === 0) clock.stallUntil(5000);
      core.cycles += count;
      return count;
    },
  };
  const clock: BoardClock = new BoardClock(core, 1e8);
  clock.advance(1000);
  assertEquals([core.cycles, clock.now()], [100, 6000]);
  clock.advance(5000);
  assertEquals([core.cycles, clock.now()], [100, 6000]);
  clock.advance(1000);
  assertEquals([core.cycles, clock.now()], [200, 7000]);
});

Deno.test("BoardClock lets the core run on after a debugger's access stalled", () => {
  const { core, clock } = make();
  clock.advance(1000);
  clock.stallUntil(5000);
  clock.advance(1000);
  assertEquals([core.cycles, clock.now()], [200, 6000]);
});
