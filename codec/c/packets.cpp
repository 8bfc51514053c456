// Packets of the C interface: those of films and of sound look the same.
#include "codec/c/handles.h"

const uint8_t* laconic_packet_bytes(const laconic_packet* packet) { return packet != nullptr ? packet->bytes.data() : nullptr; }
size_t laconic_packet_size(const laconic_packet* packet) { return packet != nullptr ? packet->bytes.size() : 0; }
int64_t laconic_packet_pts(const laconic_packet* packet) { return packet != nullptr ? packet->pts : 0; }
int64_t laconic_packet_duration(const laconic_packet* packet) { return packet != nullptr ? packet->duration : 0; }
int laconic_packet_is_key(const laconic_packet* packet) { return packet != nullptr && packet->is_key; }
void laconic_packet_free(laconic_packet* packet) { delete packet; }
