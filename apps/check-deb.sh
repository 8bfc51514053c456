#!/bin/bash
# Installs the package in a bare Debian 12 and tries what it promises there; prints a line with PASS or FAIL for each.
#   apps/check-deb.sh [DEB [FOLDER]]
# DEB is by default the one of `cmake --build build --target package`. FOLDER holds the system: made with debootstrap if it is not
# there and kept for the next time; by default a new one in /tmp, removed at the end. Needs root, debootstrap, the network and
# 3 GB of disk, so it is no part of ctest.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ $# -gt 2 ] || [[ ${1:-} == -* ]]; then echo "usage: apps/check-deb.sh [DEB [FOLDER]]" >&2; exit 1; fi
deb=${1:-$(ls -t "$root"/build/laconic_*.deb 2>/dev/null | head -n 1)}
if [ ! -r "$deb" ]; then echo "check-deb: no package; cmake --build build --target package makes one" >&2; exit 2; fi
if [ "$(id -u)" != 0 ]; then echo "check-deb: needs root" >&2; exit 2; fi
if ! command -v debootstrap >/dev/null; then echo "check-deb: needs debootstrap (apt-get install debootstrap)" >&2; exit 2; fi
system=${2:-$(mktemp -d /tmp/laconic-deb.XXXXXX)}

clean_up() {
  umount "$system/proc" "$system/dev" 2>/dev/null || true
  if [ -z "${kept:-}" ]; then rm -rf --one-file-system "$system"; fi
}
kept=${2:-}
trap clean_up EXIT

if [ ! -e "$system/etc/debian_version" ]; then
  debootstrap --variant=minbase bookworm "$system" http://deb.debian.org/debian >/dev/null
fi
mount -t proc proc "$system/proc"       # the program finds its weights through /proc/self/exe
mount --bind /dev "$system/dev"
cp "$deb" "$system/tmp/laconic.deb"
cp "$root/data/samples/valley.png" "$system/tmp/valley.png"

# Runs a command in the system, in its /tmp and without our environment.
inside() {
  chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    bash -c "cd /tmp && $1"
}

failures=0
# check SENTENCE COMMAND: passes if the command succeeds; its last lines are shown if not.
check() {
  if inside "$2" >"$system/tmp/check.log" 2>&1; then
    echo "PASS  $1"
  else
    echo "FAIL  $1"
    tail -n 15 "$system/tmp/check.log" | sed 's/^/      /'
    failures=$((failures + 1))
  fi
}

inside "apt-get -qq update && apt-get -qq purge -y laconic" >/dev/null 2>&1 || true  # of an earlier try
check "the package installs with all it depends on" "apt-get -qq install -y ./laconic.deb"
check "what only this script needs installs: to make a film, and to run pipelines" \
  "apt-get -qq install -y --no-install-recommends ffmpeg gstreamer1.0-tools"

check "the program runs, with a fast BLAS" "laconic --version 2>&1 | tee version && grep -qi openblas version && ! grep -q warning version"
check "weights of pictures, films and sound are found" \
  "laconic models | tee models && grep -q /usr/share/laconic/weights/image- models && grep -q video- models && grep -q audio- models"
check "a picture there and back, over 25 dB" \
  "laconic encode valley.png valley.lac && laconic decode valley.lac decoded.png &&
   laconic compare valley.png decoded.png --json | tee compared | grep -Eq 'psnr[^:]*: *(2[5-9]|[3-9][0-9])'"
check "a film with sound, coded" \
  "ffmpeg -v error -y -f lavfi -i testsrc2=size=128x96:rate=10:duration=1 -f lavfi -i sine=duration=1 \\
     -c:v ffv1 -pix_fmt yuv420p -c:a pcm_s16le film.mkv &&
   laconic encode film.mkv film.mov --audio laconic && laconic decode film.mov film.y4m && test -s film.y4m"
check "GStreamer knows the plugin" "gst-inspect-1.0 laconic"
# Without sound: a sound decoder at work in the same process changes how many threads the networks get, and with that some samples
# by 1/255.
check "decodebin gives the frames that the program decodes" \
  "ffmpeg -v error -y -i film.mov -c copy -an mute.mov && laconic decode mute.mov mute.y4m &&
   timeout 120 gst-launch-1.0 -q filesrc location=mute.mov ! decodebin ! videoconvert ! video/x-raw,format=I420 ! filesink location=gst.yuv &&
   ffmpeg -v error -y -i mute.y4m -f rawvideo program.yuv && cmp gst.yuv program.yuv"
check "the sound of the film comes through decodebin" \
  "timeout 120 gst-launch-1.0 -q filesrc location=film.mov ! decodebin ! audioconvert ! audio/x-raw,format=S16LE ! filesink location=gst.pcm &&
   test -s gst.pcm"
check "the image loader is registered" "grep -q libpixbufloader-laconic /usr/lib/*/gdk-pixbuf-2.0/2.10.0/loaders.cache"
check "the MIME type is registered" "grep -q 'image/x-laconic:\*\.lac' /usr/share/mime/globs2"
check "a thumbnail is made" "gdk-pixbuf-thumbnailer -s 128 valley.lac thumbnail.png && test -s thumbnail.png"
check "the library is found by programs in C" "ldconfig -p | grep -q 'liblaconic\.so\.0'"
check "manual page and completions are there" \
  "test -s /usr/share/man/man1/laconic.1 && test -s /usr/share/zsh/vendor-completions/_laconic &&
   source /usr/share/bash-completion/completions/laconic && complete -p laconic"
check "the package goes away again" \
  "apt-get -qq purge -y laconic && ! command -v laconic && test ! -e /usr/share/laconic &&
   ! grep -q laconic /usr/lib/*/gdk-pixbuf-2.0/2.10.0/loaders.cache && ! grep -q x-laconic /usr/share/mime/globs2"

[ $failures = 0 ]
