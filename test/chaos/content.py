"""Bytes of objects, made from a few numbers so that the oracle needn't keep them."""
import base64
import hashlib
import random
import struct

try:
    import google_crc32c
except ImportError:  # the crash loop also runs without the clients' environment
    google_crc32c = None

KIB, MIB = 1 << 10, 1 << 20
SIZE_MAX = 4 * MIB
POOL = random.Random(7).randbytes(2 * SIZE_MAX)
JOURNALED_MAX = 128 * KIB  # the default of storage.journaled_bytes_max
EDGES = [0, 1, 4 * KIB - 1, 4 * KIB, 4 * KIB + 1, JOURNALED_MAX - 1, JOURNALED_MAX, JOURNALED_MAX + 1, MIB]


def random_size(rng):
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(EDGES)
    if kind < 0.75:
        return rng.randrange(16 * KIB)
    if kind < 0.97:
        return rng.randrange(400 * KIB)
    return rng.randrange(3 * MIB)


def atom_bytes(atom):
    """`atom` is (unique number, size): no two atoms of 16 bytes or more are equal."""
    number, size = atom
    offset = (number * 2654435761) % SIZE_MAX
    return (struct.pack("<QQ", number, size) + POOL[offset:offset + size])[:size]


def bytes_of(atoms):
    return b"".join(map(atom_bytes, atoms))


def size_of(atoms):
    return sum(size for _, size in atoms)


def md5_of(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def crc32c_of(data):
    """None without the library: then the server's own answer is what a restart is held to."""
    if google_crc32c is None:
        return None
    return base64.b64encode(struct.pack(">I", google_crc32c.value(data))).decode()
