// Owners of the C handles that this folder works with.
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

#include <memory>

#include "apps/plugin/owners.h"

namespace laconic::gdk_pixbuf {

using plugin::Decoder;
using plugin::FreeWith;
using plugin::Model;
using plugin::Picture;
using plugin::PictureInfo;

using Pixbuf = std::unique_ptr<GdkPixbuf, FreeWith<g_object_unref>>;
using Text = std::unique_ptr<gchar, FreeWith<g_free>>;

}  // namespace laconic::gdk_pixbuf
