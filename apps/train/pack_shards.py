#!/usr/bin/env python3
"""The same as laconic-pack, for machines with Python's OpenCV but without its C++ headers. Format: shards.h.

pack_shards.py IN_DIR... -o OUT_DIR [--shard-mb 256] [--max-side N]; exit codes as in pack.cpp.
"""
import argparse, os, struct, sys
import cv2

EXTENSIONS = {".bmp", ".jpeg", ".jpg", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}  # as in pack.cpp

def read_rgb(path, max_side):
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        return None
    height, width = picture.shape[:2]
    side = max(width, height)
    if 0 < max_side < side:
        size = tuple(max(1, (n * max_side + side // 2) // side) for n in (width, height))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

def write_shard(folder, number, pictures):
    path = os.path.join(folder, f"{number:05d}.shard")
    offset = 12 + 16 * len(pictures)
    with open(path + ".tmp", "wb") as file:
        file.write(b"LACSHRD1" + struct.pack("<I", len(pictures)))
        for rgb in pictures:
            file.write(struct.pack("<QII", offset, rgb.shape[1], rgb.shape[0]))
            offset += rgb.nbytes
        for rgb in pictures:
            file.write(rgb.tobytes())
    os.replace(path + ".tmp", path)

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("-o", "--out", required=True)
    parser.add_argument("--shard-mb", type=int, default=256)
    parser.add_argument("--max-side", type=int, default=0)
    options = parser.parse_args()
    paths = []
    for folder in options.inputs:
        found = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
        paths += sorted((p for p in found if os.path.splitext(p)[1].lower() in EXTENSIONS), key=os.fsencode)
    if not paths:
        sys.exit(print("no pictures found", file=sys.stderr) or 4)
    os.makedirs(options.out, exist_ok=True)
    if any(name.endswith(".shard") for name in os.listdir(options.out)):
        sys.exit(print(options.out, "holds shards already", file=sys.stderr) or 2)
    waiting, num_bytes, num_packed, num_shards, num_unreadable = [], 0, 0, 0, 0
    for path in paths:
        rgb = read_rgb(path, options.max_side)
        if rgb is None:
            print("warning: cannot read", path, file=sys.stderr)
            num_unreadable += 1
            continue
        if waiting and num_bytes + rgb.nbytes > options.shard_mb << 20:
            write_shard(options.out, num_shards, waiting)
            waiting, num_bytes, num_shards = [], 0, num_shards + 1
        waiting.append(rgb)
        num_bytes += rgb.nbytes
        num_packed += 1
    if waiting:
        write_shard(options.out, num_shards, waiting)
        num_shards += 1
    print(f"{num_packed} pictures in {num_shards} shards, {num_unreadable} left out")
    sys.exit(4 if num_packed == 0 else 1 if num_unreadable else 0)

main()
