"""What the objects of core ask the linker for: nothing of the kernel, the clock or C's own IO."""

import re
import subprocess

from tree import Violation

DENIED = re.compile(
    r"^(?:"
    r"clock_gettime|gettimeofday|time|localtime\w*|gmtime\w*|nanosleep|usleep|sleep|"
    r"getrandom|getentropy|s?rand(?:om)?(?:_r)?|"
    r"pthread_\w+|sem_\w+|"
    r"open(?:at)?(?:64)?|creat(?:64)?|close|p?read(?:v2?)?(?:64)?|p?write(?:v2?)?(?:64)?|fsync|"
    r"fdatasync|ftruncate(?:64)?|fallocate(?:64)?|unlink|rename|mkdir|opendir|stat(?:64)?|"
    r"mmap(?:64)?|"
    r"socket|bind|listen|accept4?|connect|send(?:to|msg|file(?:64)?)?|recv(?:from|msg)?|shutdown|"
    r"getaddrinfo|epoll_\w+|poll|select|"
    r"(?:secure_)?getenv|setenv|system|fork|exec\w+|"
    r"f(?:re)?open(?:64)?|fread|fwrite|fputs|fputc|puts|putchar|v?f?printf|__\w*printf_chk|"
    r"_ZNSt6chrono\w*|_ZNSt6thread\w*|_ZNSt13random_device\w*|_ZSt4c(?:out|err|log|in)|"
    r"_ZSt3(?:cin)|_ZNSt10filesystem\w*|_ZNSt18condition_variable\w*|_ZNSt8ios_base\w*|"
    r"_ZN5boost\w*|_ZN6spdlog\w*|SSL_\w+"
    r")$"
)


def check_symbols(tree, build):
    archives = sorted((build / "core").rglob("lib*.a"))
    if not archives:
        yield Violation("core", 1, "symbols", f"no libraries of core below {build}; build first")
        return
    for archive in archives:
        done = subprocess.run(["nm", "-A", "-u", archive], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        for line in done.stdout.splitlines():
            match = re.match(r"^.*?:([^:]+):\s+[Uw]\s+(\S+)$", line)
            if not match:
                continue
            member, symbol = match.groups()
            name = symbol.split("@")[0]
            # Weak references are left by the compiler's own run time, not asked for by the code.
            if " w " in line or not DENIED.match(name):
                continue
            source = f"{archive.parent.relative_to(build)}/{member.removesuffix('.o')}"
            if not tree.allow("symbols").permits(source, name):
                yield Violation(source, 1, "symbols", f"core refers to '{name}'")
