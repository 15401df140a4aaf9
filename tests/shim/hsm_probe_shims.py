"""Small PKCS#11 modules in C, compiled by the tests: one that behaves, and its ill-behaved kin."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

SOURCE = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef unsigned long UL;
typedef unsigned char UC;
struct info { UC version[2]; UC maker[32]; UL flags; UC text[32]; UC library[2]; };
struct slot { UC text[64]; UC maker[32]; UL flags; UC hardware[2]; UC firmware[2]; };
struct token {
  UC label[32]; UC maker[32]; UC model[16]; UC serial[16]; UL flags; UL counts[4];
  UL max_pin; UL min_pin; UL memory[4]; UC hardware[2]; UC firmware[2]; UC utc[16];
};

static void put(UC *to, size_t size, const char *text) {
  memset(to, ' ', size);
  memcpy(to, text, strlen(text));
}

static UL initialize(void *arguments) { @initialize@; return 0; }
static UL finalize(void *reserved) { @finalize@; return 0; }

static UL get_info(struct info *info) {
  @get_info@;
  info->version[0] = 2; info->version[1] = 40;
  put(info->maker, 32, "Nhà làm thử");
  put(info->text, 32, "Mô-đun thử");
  info->library[0] = 1; info->library[1] = 2;
  return 0;
}

static UL get_slot_list(UC present, UL *slots, UL *count) {
  @get_slot_list@;
  if (slots != NULL) { slots[0] = 7; slots[1] = 8; }
  *count = 2;
  return 0;
}

static UL get_slot_info(UL id, struct slot *slot) {
  @get_slot_info@;
  put(slot->text, 64, "Đầu đọc thử");
  put(slot->maker, 32, "ai đó");
  slot->flags = id == 7 ? 7 : 6;
  slot->hardware[0] = 3; slot->firmware[1] = 4;
  return 0;
}

static UL get_token_info(UL id, struct token *token) {
  memset(token, 0, sizeof *token);
  put(token->label, 32, "Thiết bị thử");
  put(token->maker, 32, "ai đó");
  put(token->model, 16, "T1");
  put(token->serial, 16, "0042");
  token->flags = 0x2040D;
  token->max_pin = 16; token->min_pin = 6;
  token->hardware[0] = 5; token->firmware[0] = 6; token->firmware[1] = 1;
  @card_info@;
  return 0;
}

static struct { UC version[2]; void *functions[68]; } list = { {2, 40}, {
  initialize, finalize, get_info, NULL, get_slot_list, get_slot_info, get_token_info
} };

UL @entry@(void **out) { @get_function_list@; *out = &list; return 0; }
@more@
"""
PARTS = (
    "initialize",
    "finalize",
    "get_info",
    "get_slot_list",
    "get_slot_info",
    "card_info",
    "get_function_list",
    "more",
)


class Shims:
    """Compiles modules into a folder, each source once."""

    def __init__(self, compiler: Path, folder: Path) -> None:
        self._compiler = compiler
        self._folder = folder
        self._made: dict[tuple[str, tuple[str, ...]], Path] = {}

    def build(
        self, *, entry: str = "C_GetFunctionList", options: tuple[str, ...] = (), **parts: str
    ) -> Path:
        """Return a module; `parts` puts C statements at the start of its functions."""
        source = SOURCE.replace("@entry@", entry)
        for part in PARTS:
            source = source.replace(f"@{part}@", parts.get(part, ""))
        made = self._made.get((source, options))
        if made is None:
            made = self._folder / f"libthu{len(self._made)}.so"
            code = made.with_suffix(".c")
            code.write_text(source, encoding="utf-8")
            command = [self._compiler, "-w", "-O0", "-shared", "-fPIC", "-o", made, code, *options]
            subprocess.run(command, check=True)
            self._made[source, options] = made
        return made


BuildShim = Callable[..., Path]
