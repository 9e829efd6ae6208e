/* CRC-32C (Castagnoli), the implementation chosen when the module is loaded. See crc32c.c. */
#ifndef AURORAPY_CRC32C_H
#define AURORAPY_CRC32C_H
#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to begin) over n bytes. */
extern uint32_t (*aurorapy_crc32c)(uint32_t crc, const void *data, size_t n);
uint32_t aurorapy_crc32c_software(uint32_t crc, const void *data, size_t n);
/* Chooses the implementation; returns its name. Called once, before anything else. */
const char *aurorapy_crc32c_start(void);
#endif
