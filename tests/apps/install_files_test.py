#!/usr/bin/env python3
"""`cmake --install` puts everything where Debian's programs look, and what lies there works: install_files_test.py CMAKE BUILD_FOLDER
SOURCE_FOLDER QUERY_LOADERS. QUERY_LOADERS is gdk-pixbuf's program, or empty where the image loader is not built. Needs everything
built. Exit codes: 0 it does, 1 not, 77 skipped (no weights).
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

FILES = [
    "bin/laconic",
    "lib*/**/liblaconic.so.0",
    "share/bash-completion/completions/laconic",
    "share/doc/laconic/copyright",
    "share/laconic/weights/image-*.safetensors",
    "share/laconic/weights/manifest.json",
    "share/man/man1/laconic.1",
    "share/mime/packages/laconic.xml",
    "share/zsh/vendor-completions/_laconic",
]
FILES_OF_THE_LOADER = ["lib/**/gdk-pixbuf-2.0/*/loaders/libpixbufloader-laconic.so", "share/thumbnailers/laconic.thumbnailer"]


def must(*command, **surroundings):
    """What it said; nothing of the build tree or of an installation is in its way."""
    environment = {name: value for name, value in os.environ.items() if name != "LACONIC_MODEL"}
    environment.update(surroundings)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def find(prefix, pattern):
    return glob.glob(os.path.join(prefix, pattern), recursive=True)


def make_thumbnail(prefix, folder, query_loaders):
    """By gdk-pixbuf's own program, which knows nothing but what is installed."""
    (loader,) = find(prefix, FILES_OF_THE_LOADER[0])
    must("update-mime-database", prefix + "/share/mime", XDG_DATA_HOME=prefix + "/share")
    surroundings = {"LD_LIBRARY_PATH": os.path.dirname(find(prefix, "lib*/**/liblaconic.so.0")[0])}
    with open(folder + "/loaders.cache", "w") as cache:
        cache.write(must(query_loaders, loader, **surroundings))
    surroundings.update(GDK_PIXBUF_MODULE_FILE=folder + "/loaders.cache", XDG_DATA_HOME=prefix + "/share")
    must("gdk-pixbuf-thumbnailer", "-s", "128", folder + "/a.lac", folder + "/a.png", **surroundings)
    return os.path.getsize(folder + "/a.png")


def main(cmake, build, source, query_loaders):
    if not glob.glob(source + "/data/weights/image-*.safetensors"):
        print("skipped: no weights")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        prefix = folder + "/prefix"
        must(cmake, "--install", build, "--prefix", prefix)
        missing = [pattern for pattern in FILES + (FILES_OF_THE_LOADER if query_loaders else []) if not find(prefix, pattern)]
        if missing:
            print("not installed: " + ", ".join(missing))
            return 1
        weights = must(prefix + "/bin/laconic", "models")
        if prefix not in weights:
            print(f"the installed program takes other weights than the installed ones: {weights}")
            return 1
        must(prefix + "/bin/laconic", "encode", source + "/data/samples/valley.png", folder + "/a.lac", "--effort", "0")
        if query_loaders and shutil.which("gdk-pixbuf-thumbnailer"):
            print(f"a thumbnail of {make_thumbnail(prefix, folder, query_loaders)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
