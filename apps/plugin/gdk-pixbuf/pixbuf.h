// From a decoded picture to what gdk-pixbuf shows: RGB or RGBA, 8 bits, with colour profile and orientation as options.
#pragma once

#include "apps/plugin/gdk-pixbuf/handles.h"

namespace laconic::gdk_pixbuf {

// Grey becomes three equal channels, 16 bits are rounded to 8; alpha stays as it is, not premultiplied in both worlds.
// Null where memory runs out.
Pixbuf pixbuf_of(const laconic_image* picture);

// Itself if it has that size already. Null where memory runs out.
Pixbuf scaled_to(Pixbuf pixbuf, int width_px, int height_px);

// "icc-profile" (Base64) and "orientation" ("1".."8"): viewers look for both under these names.
void set_options(GdkPixbuf* pixbuf, const laconic_image* picture);

}  // namespace laconic::gdk_pixbuf
