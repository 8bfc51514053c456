/* Two seconds of a rising tone there and back, packet by packet, as a call over a network would go:  stream_sound
 *
 * Samples go in as they come, 10 ms at a time; a packet comes out when there is enough for one. */
#include <laconic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 48000, NUM_SAMPLES = 2 * RATE, CHUNK = RATE / 100 };

static void check(laconic_status status, const laconic_error* error) {
  if (status == LACONIC_OK) return;
  fprintf(stderr, "stream_sound: %s\n", error->message);
  exit(1);
}

/* What the receiver keeps. */
typedef struct receiver {
  laconic_audio_decoder* decoder;
  float sound[NUM_SAMPLES];
  int num_packets;
  size_t num_bytes;
} receiver;

/* Takes all packets that the encoder has ready, decodes each and puts its samples where its time says. */
static void pass_packets_on(laconic_audio_encoder* encoder, receiver* to) {
  laconic_error error;
  for (;;) {
    laconic_packet* packet = NULL;
    check(laconic_audio_encoder_receive(encoder, &packet, &error), &error);
    if (packet == NULL) return; /* no more for now */
    laconic_audio_frame* frame = NULL;
    check(laconic_audio_decoder_decode(to->decoder, laconic_packet_bytes(packet), laconic_packet_size(packet),
                                       laconic_packet_pts(packet), &frame, &error), &error);
    /* The first frame lies before 0, and the last one is longer than the sound. */
    for (size_t i = 0; i < laconic_audio_frame_count(frame); ++i) {
      const int64_t at = laconic_audio_frame_pts(frame) + (int64_t)i;
      if (at >= 0 && at < NUM_SAMPLES) to->sound[at] = laconic_audio_frame_samples(frame)[i];
    }
    ++to->num_packets;
    to->num_bytes += laconic_packet_size(packet);
    laconic_audio_frame_free(frame);
    laconic_packet_free(packet);
  }
}

int main(void) {
  static float chirp[NUM_SAMPLES];
  static receiver to;
  const double pi = 3.14159265358979323846;
  for (int i = 0; i < NUM_SAMPLES; ++i) {
    const double seconds = (double)i / RATE;
    chirp[i] = (float)(0.5 * sin(2 * pi * (200 * seconds + 450 * seconds * seconds))); /* 200 to 2000 Hz */
  }

  laconic_error error;
  laconic_models* models = NULL;
  laconic_audio_model* model = NULL;
  laconic_audio_encoder* encoder = NULL;
  const laconic_audio_format format = {.sample_rate_hz = RATE, .num_channels = 1, .channel_mask = 0, .bits_per_sample = 16};
  check(laconic_models_open(NULL, NULL, &models, &error), &error);
  check(laconic_models_audio(models, NULL, &model, &error), &error); /* the weights that encode by default */
  check(laconic_audio_encoder_create(model, &format, &encoder, &error), &error);
  check(laconic_audio_encoder_set_quality(encoder, 60, &error), &error);

  const uint8_t* header = NULL; /* sent once, before the packets */
  size_t header_size = 0;
  check(laconic_audio_encoder_header(encoder, &header, &header_size, &error), &error);
  check(laconic_audio_decoder_create(model, header, header_size, &to.decoder, &error), &error);

  for (int at = 0; at < NUM_SAMPLES; at += CHUNK) {
    check(laconic_audio_encoder_send(encoder, chirp + at, CHUNK, &error), &error);
    pass_packets_on(encoder, &to);
  }
  check(laconic_audio_encoder_drain(encoder, NUM_SAMPLES, &error), &error);
  pass_packets_on(encoder, &to);

  uint64_t num_samples = 0;
  laconic_audio_decoder_source_samples(to.decoder, &num_samples); /* the last packet told it */
  double signal = 0, noise = 0;
  for (int i = 0; i < NUM_SAMPLES; ++i) {
    signal += (double)chirp[i] * chirp[i];
    noise += ((double)to.sound[i] - chirp[i]) * ((double)to.sound[i] - chirp[i]);
  }
  printf("%d samples, %llu came back: %d packets of %zu bytes in all, %.1f kbit/s, SNR %.1f dB\n", (int)NUM_SAMPLES,
         (unsigned long long)num_samples, to.num_packets, to.num_bytes, 8.0 * (double)to.num_bytes * RATE / NUM_SAMPLES / 1000,
         10 * log10(signal / noise));

  laconic_audio_decoder_free(to.decoder);
  laconic_audio_encoder_free(encoder);
  laconic_audio_model_free(model);
  laconic_models_free(models);
  return num_samples == NUM_SAMPLES ? 0 : 1;
}
