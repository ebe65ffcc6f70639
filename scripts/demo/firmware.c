/* The firmware that Tapir's demo flashes: counts milliseconds with SysTick, blinks the green LED of the STM32F4
 * Discovery board and writes a line a second to ITM port 0. Built by scripts/gen_demo.ts. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REG(0xE000E010u)
#define SYST_RVR REG(0xE000E014u)
#define SYST_CVR REG(0xE000E018u)
#define RCC_AHB1ENR REG(0x40023830u)
#define GPIOD_MODER REG(0x40020C00u)
#define GPIOD_BSRR REG(0x40020C18u)
#define ITM_STIM0 REG(0xE0000000u)
#define ITM_TER REG(0xE0000E00u)
#define ITM_TCR REG(0xE0000E80u)
#define HSI_HZ 16000000u
#define LED 12

volatile uint32_t ticks;
volatile uint32_t blinks;
const char version[] = "Tapir demo 1";

extern uint32_t data_start, data_end, data_load, bss_start, bss_end, stack_top;

static void put(char c) {
  if (!(ITM_TCR & 1) || !(ITM_TER & 1)) return;
  while (!(ITM_STIM0 & 1)) {
  }
  *(volatile uint8_t *)0xE0000000u = (uint8_t)c;
}

static void say(const char *text) {
  while (*text) put(*text++);
}

void SysTick_Handler(void) { ticks++; }

static void wait_ms(uint32_t ms) {
  uint32_t start = ticks;
  while (ticks - start < ms) __asm volatile("wfi");
}

int main(void) {
  RCC_AHB1ENR |= 1u << 3;
  GPIOD_MODER = (GPIOD_MODER & ~(3u << (2 * LED))) | (1u << (2 * LED));
  SYST_RVR = HSI_HZ / 1000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  for (;;) {
    GPIOD_BSRR = 1u << LED;
    wait_ms(500);
    GPIOD_BSRR = 1u << (LED + 16);
    wait_ms(500);
    blinks++;
    say("blink\n");
  }
}

void Reset_Handler(void) {
  uint32_t *from = &data_load;
  for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  main();
}

void Fault_Handler(void) {
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top,    Reset_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, 0, 0, 0, 0,
    Fault_Handler, Fault_Handler, 0,             Fault_Handler, SysTick_Handler,
};
