# `cmake --build build --target package`, or cpack in the build folder after a build: laconic_VERSION_amd64.deb of what
# install.cmake installs, for /usr. apps/check-deb.sh tries one in a bare Debian.
#
# It has no scripts but the ldconfig that CPack writes: MIME type and image loader are registered by the triggers of
# shared-mime-info and libgdk-pixbuf-2.0-0, which watch the folders that we install in.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME laconic)
set(CPACK_PACKAGE_CONTACT "The Laconic authors <maintainers@laconic.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "learned codec for pictures, films and sound")
set(CPACK_PACKAGE_DESCRIPTION "Laconic makes pictures, films and sound small: neural networks find a short
description, a range coder writes it down, and any machine reads it back. The
package has the program, the weights of the networks, a library for C and C++,
a plugin for GStreamer and an image loader for gdk-pixbuf, so that players,
viewers and file managers open the files.")
set(CPACK_RESOURCE_FILE_LICENSE ${laconic_root}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/codec)  # liblaconic.so, which is in the package itself
# LibTorch asks for any BLAS and gets the reference one, which is twenty times slower.
set(CPACK_DEBIAN_PACKAGE_DEPENDS libopenblas0-openmp)
# Demuxers of QuickTime and Matroska, decodebin, and the program behind thumbnails.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gstreamer1.0-plugins-good, gstreamer1.0-plugins-base, libgdk-pixbuf2.0-bin, shared-mime-info")
# What the static C++ libraries need, for find_package(laconic).
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gstreamer1.0-tools, libtorch-dev, libopencv-dev, libavformat-dev, libswscale-dev, libpng-dev")
include(CPack)
