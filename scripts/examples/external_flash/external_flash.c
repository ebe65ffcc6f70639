/* Flash algorithm for the memory that external_flash.ts adds (CMSIS-Pack specification, "Flash programming
 * algorithms"). It stands for a driver of a QSPI memory: like flash, bits can be cleared only, and erasing sets them.
 * Built by scripts/gen_demo.ts.
 */
#include <stdint.h>

#define START 0x10000000u
#define SIZE 0x00010000u
#define SECTOR 0x1000u

int Init(uint32_t address, uint32_t clock, uint32_t operation) {
  (void)address, (void)clock, (void)operation;
  return 0;
}

int UnInit(uint32_t operation) {
  (void)operation;
  return 0;
}

int EraseSector(uint32_t address) {
  for (uint32_t offset = 0; offset < SECTOR; offset += 4) *(volatile uint32_t *)(address + offset) = 0xFFFFFFFFu;
  return 0;
}

int ProgramPage(uint32_t address, uint32_t size, const uint8_t *data) {
  for (uint32_t i = 0; i < size; i++) ((volatile uint8_t *)address)[i] &= data[i];
  return 0;
}

struct device {
  uint16_t version;
  char name[128];
  uint16_t type;
  uint32_t start;
  uint32_t size;
  uint32_t page_size;
  uint32_t reserved;
  uint8_t erased;
  uint32_t program_timeout_ms;
  uint32_t erase_timeout_ms;
  struct {
    uint32_t size;
    uint32_t address;
  } sectors[2];
};

__attribute__((section("DevDscr"), used)) const struct device FlashDevice = {
    0x0101, "Simulated QSPI flash", 5, START, SIZE, 0x100, 0, 0xFF, 100, 1000, {{SECTOR, 0}, {0xFFFFFFFFu, 0xFFFFFFFFu}},
};
