// How a camera was held, from an Exif block.
#pragma once

#include <cstddef>
#include <cstdint>

namespace laconic::gdk_pixbuf {

// exif: a TIFF structure of either byte order, from anybody. 1..8 as in Exif tag 274; 0 where it is absent or makes no sense.
int exif_orientation(const uint8_t* exif, size_t size);

}  // namespace laconic::gdk_pixbuf
