/* Flash algorithm for the internal flash of STM32F405/407/415/417 with 1 MiB: the routines that a debugger calls in the
 * target's RAM (CMSIS-Pack specification, "Flash programming algorithms"; ST RM0090, chapter 3).
 * Written for Tapir's demo, so that it runs without any vendor's pack. Built by scripts/gen_demo.ts. */
#include <stdint.h>

#define FLASH_KEYR (*(volatile uint32_t *)0x40023C04u)
#define FLASH_SR (*(volatile uint32_t *)0x40023C0Cu)
#define FLASH_CR (*(volatile uint32_t *)0x40023C10u)
#define SR_ERRORS 0x000000F2u
#define SR_BSY (1u << 16)
#define CR_PG (1u << 0)
#define CR_SER (1u << 1)
#define CR_MER (1u << 2)
#define CR_SNB(n) ((uint32_t)(n) << 3)
#define CR_PSIZE32 (2u << 8)
#define CR_STRT (1u << 16)
#define CR_LOCK (1u << 31)

#define START 0x08000000u

static int wait_done(void) {
  while (FLASH_SR & SR_BSY) {
  }
  uint32_t errors = FLASH_SR & SR_ERRORS;
  FLASH_SR = errors;
  return errors != 0;
}

/* Four sectors of 16 KiB, one of 64 KiB, seven of 128 KiB. */
static uint32_t sector_of(uint32_t address) {
  uint32_t offset = address - START;
  if (offset < 0x10000u) return offset >> 14;
  if (offset < 0x20000u) return 4;
  return 4 + (offset >> 17);
}

int Init(uint32_t address, uint32_t clock, uint32_t operation) {
  (void)address, (void)clock, (void)operation;
  FLASH_SR = SR_ERRORS;
  if (FLASH_CR & CR_LOCK) {
    FLASH_KEYR = 0x45670123u;
    FLASH_KEYR = 0xCDEF89ABu;
  }
  return (FLASH_CR & CR_LOCK) != 0;
}

int UnInit(uint32_t operation) {
  (void)operation;
  FLASH_CR = CR_LOCK;
  return 0;
}

int EraseChip(void) {
  FLASH_CR = CR_MER | CR_PSIZE32;
  FLASH_CR |= CR_STRT;
  int failed = wait_done();
  FLASH_CR = 0;
  return failed;
}

int EraseSector(uint32_t address) {
  FLASH_CR = CR_SER | CR_SNB(sector_of(address)) | CR_PSIZE32;
  FLASH_CR |= CR_STRT;
  int failed = wait_done();
  FLASH_CR = 0;
  return failed;
}

int ProgramPage(uint32_t address, uint32_t size, const uint8_t *data) {
  int failed = 0;
  FLASH_CR = CR_PG | CR_PSIZE32;
  for (uint32_t i = 0; i < size && !failed; i += 4) {
    *(volatile uint32_t *)(address + i) = *(const uint32_t *)(data + i);
    failed = wait_done();
  }
  FLASH_CR = 0;
  return failed;
}

struct sector {
  uint32_t size, offset;
};

struct flash_device {
  uint16_t version;
  char name[128];
  uint16_t type;
  uint32_t start, size, page_size, reserved;
  uint8_t erased;
  uint8_t pad[3];
  uint32_t program_timeout, erase_timeout;
  struct sector sectors[4];
};

const struct flash_device FlashDevice __attribute__((section("DevDscr"), used)) = {
    0x0101,
    "Tapir demo STM32F4 1 MiB flash",
    1,
    START,
    0x00100000,
    1024,
    0,
    0xFF,
    {0, 0, 0},
    100,
    6000,
    {{0x4000, 0x00000}, {0x10000, 0x10000}, {0x20000, 0x20000}, {0xFFFFFFFFu, 0xFFFFFFFFu}},
};
