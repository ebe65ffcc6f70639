import { assertEquals } from "@std/assert";
import { checkExports } from "./check.ts";
import { command } from "./command.ts";
import { DELEGATES } from "./services.ts";

for (
  const [name, value, reason, hint] of [
    ["will_rest", () => {}, "there is no delegate of this name", "Did you mean will_reset?"],
    ["willReset", () => {}, "there is no delegate of this name", "Did you mean will_reset?"],
    ["did_start_debug_cor", () => {}, "there is no delegate of this name", "Did you mean did_start_debug_core"],
    ["will_make_coffee", () => {}, "there is no delegate of this name", "Delegates: will_connect, "],
    ["did_reset", true, "it is not a function", "Write export function did_reset("],
    [
      "will_reset",
      (_core: unknown, _type: unknown) => {},
      "it has 2 parameters, but",
      "Write will_reset({ core, resetType, target })",
    ],
    [
      "will_reset",
      ({ reset_type }: { reset_type: string }) => reset_type,
      "it asks for reset_type,",
      "Did you mean resetType?",
    ],
    ["will_connect", ({ core }: { core: unknown }) => core, "it asks for core,", "It gets target, session"],
  ] as const
) {
  Deno.test(`checkExports() finds fault with ${name} as ${String(value).slice(0, 30)}`, () => {
    const [problem, ...more] = checkExports({ [name]: value });
    assertEquals(more, []);
    assertEquals([problem?.name, problem?.reason.startsWith(reason), problem?.hint.startsWith(hint)], [
      name,
      true,
      true,
    ]);
  });
}

Deno.test("checkExports() is content with good delegates and with what does not look like one", () => {
  const exports = {
    will_reset: async ({ core, resetType: how = "x", session }: Record<string, unknown>) => await [core, how, session],
    did_reset: (context: unknown) => context,
    unlock_device: () => true,
    will_init_target: function ({ init_sequence, ...rest }: Record<string, unknown>) {
      return [init_sequence, rest];
    },
    helper: () => {},
    unlock_device_of_our_board: () => {},
    reset_pin: 4,
    did_you_know: command({ name: "did-you-know" }, () => {}),
    default: () => {},
  };
  assertEquals(checkExports(exports), []);
  assertEquals(Object.keys(DELEGATES).length, 23);
});

Deno.test("checkExports() finds delegates that hide in the default export", () => {
  const will_reset = () => true;
  for (const hidden of [will_reset, { will_reset, other: 1 }]) {
    const [problem, ...more] = checkExports({ default: hidden });
    assertEquals([problem?.name, problem?.reason, more.length], [
      "default",
      "will_reset is called only when it is exported by name",
      0,
    ]);
  }
  for (const fine of [() => 1, {}, 3, null, { helper: will_reset }]) assertEquals(checkExports({ default: fine }), []);
});
