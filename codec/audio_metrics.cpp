#include "codec/audio_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string>

namespace laconic {
namespace {

constexpr double kTurn = 2 * 3.14159265358979323846;
constexpr double kMelFloor = 1e-4;
constexpr int64_t kSegmentSamples = 960;
constexpr double kSilentPower = 1e-7;
constexpr double kLowestSegmentDb = -10, kHighestSegmentDb = 35;
constexpr int64_t kLongestWindow = 2048;
constexpr int64_t kSpareSamples = 1 << 15;  // samples no longer needed that may lie in memory before they are moved out

// All samples of one channel that are still needed, of both sounds. The first ones before sample 0 are zeros.
struct Channel {
  std::vector<float> x = std::vector<float>(kLongestWindow / 2);
  std::vector<float> x_hat = x;
};

// In place, of a power of two of values.
class FourierTransform {
 public:
  explicit FourierTransform(size_t size) : roots_(size / 2), reversed_(size) {
    for (size_t k = 0; k < size / 2; ++k) roots_[k] = std::polar(1.0, -kTurn * static_cast<double>(k) / static_cast<double>(size));
    for (size_t i = 1; i < size; ++i) reversed_[i] = reversed_[i / 2] / 2 + (i % 2) * (size / 2);
  }

  void run(std::vector<std::complex<double>>& values) const {
    const size_t size = values.size();
    for (size_t i = 0; i < size; ++i) {
      if (i < reversed_[i]) std::swap(values[i], values[reversed_[i]]);
    }
    for (size_t half = 1; half < size; half *= 2) {
      const size_t stride = size / (2 * half);
      for (size_t begin = 0; begin < size; begin += 2 * half) {
        for (size_t k = 0; k < half; ++k) {
          const std::complex<double> root = roots_[k * stride], odd = values[begin + half + k], even = values[begin + k];
          // Written out: the library's product also looks for infinities.
          const std::complex<double> turned(root.real() * odd.real() - root.imag() * odd.imag(),
                                            root.real() * odd.imag() + root.imag() * odd.real());
          values[begin + k] = even + turned;
          values[begin + half + k] = even - turned;
        }
      }
    }
  }

 private:
  std::vector<std::complex<double>> roots_;
  std::vector<size_t> reversed_;
};

// Weights of one triangle, for the bins from first_bin on.
struct MelBand {
  size_t first_bin = 0;
  std::vector<double> weights;
};

std::vector<MelBand> mel_bands(size_t window, size_t num_bands) {
  const double bin_hz = static_cast<double>(kCodingRateHz) / static_cast<double>(window);
  const double top_mel = 2595 * std::log10(1 + kCodingRateHz / 2 / 700.0);
  const auto corner_hz = [&](size_t i) {
    return 700 * (std::pow(10, top_mel * static_cast<double>(i) / static_cast<double>(num_bands + 1) / 2595) - 1);
  };
  std::vector<MelBand> bands(num_bands);
  for (size_t i = 0; i < num_bands; ++i) {
    const double low = corner_hz(i), middle = corner_hz(i + 1), high = corner_hz(i + 2);
    bands[i].first_bin = static_cast<size_t>(std::ceil(low / bin_hz));
    for (size_t k = bands[i].first_bin; k <= window / 2 && static_cast<double>(k) * bin_hz < high; ++k) {
      const double f = static_cast<double>(k) * bin_hz;
      bands[i].weights.push_back(std::min((f - low) / (middle - low), (high - f) / (high - middle)));
    }
  }
  return bands;
}

// The spectra of one window length, and the sums over all frames so far.
class SpectralDistance {
 public:
  SpectralDistance(size_t window, size_t num_bands)
      : taper_(window), values_(window), transform_(window), bands_(mel_bands(window, num_bands)), magnitudes_(2) {
    for (size_t i = 0; i < window; ++i) {
      taper_[i] = 0.5 - 0.5 * std::cos(kTurn * static_cast<double>(i) / static_cast<double>(window));
    }
    for (auto& of_sound : magnitudes_) of_sound.resize(window / 2 + 1);
  }

  int64_t window() const { return static_cast<int64_t>(taper_.size()); }
  int64_t next_start() const { return next_centre_ - window() / 2; }
  int64_t next_centre() const { return next_centre_; }
  void step() { next_centre_ += window() / 4; }

  // window() samples of one channel of either sound, from next_start() on.
  void add(const float* x, const float* x_hat) {
    // One transform for two real signals: one is its real, the other its imaginary part.
    for (size_t i = 0; i < taper_.size(); ++i) values_[i] = taper_[i] * std::complex<double>(x[i], x_hat[i]);
    transform_.run(values_);
    for (size_t k = 0; k < magnitudes_[0].size(); ++k) {
      const std::complex<double> z = values_[k], mirrored = std::conj(values_[(values_.size() - k) % values_.size()]);
      magnitudes_[0][k] = std::sqrt(std::norm(z + mirrored)) / 2;
      magnitudes_[1][k] = std::sqrt(std::norm(z - mirrored)) / 2;
      const double difference = magnitudes_[0][k] - magnitudes_[1][k];
      squared_difference_ += difference * difference;
      squared_reference_ += magnitudes_[0][k] * magnitudes_[0][k];
    }
    for (const MelBand& band : bands_) log_difference_ += std::abs(log_energy(band, 0) - log_energy(band, 1));
    num_logs_ += bands_.size();
  }

  double stft() const {
    if (squared_difference_ == 0) return 0;
    return std::sqrt(squared_difference_ / squared_reference_);
  }
  double mel() const { return log_difference_ / static_cast<double>(num_logs_); }

 private:
  double log_energy(const MelBand& band, size_t sound) const {
    double sum = 0;
    for (size_t i = 0; i < band.weights.size(); ++i) sum += band.weights[i] * magnitudes_[sound][band.first_bin + i];
    return std::log10(std::max(sum, kMelFloor));
  }

  std::vector<double> taper_;
  std::vector<std::complex<double>> values_;
  FourierTransform transform_;
  std::vector<MelBand> bands_;
  std::vector<std::vector<double>> magnitudes_;  // of x, of x_hat
  int64_t next_centre_ = 0;
  double squared_difference_ = 0, squared_reference_ = 0;
  double log_difference_ = 0;
  uint64_t num_logs_ = 0;
};

// Sums over samples, with e = x_hat - x: unlike those of x_hat they lose no digits when the sounds are nearly equal.
struct ErrorSums {
  double ee = 0, xe = 0;

  void add(const ErrorSums& other) {
    ee += other.ee;
    xe += other.xe;
  }
};

ErrorSums error_sums(const float* x, const float* x_hat, size_t num_samples) {
  // Four of each, so that the compiler may add them at once.
  std::array<double, 4> ee{}, xe{};
  const auto add = [&](size_t i, size_t lane) {
    const double e = static_cast<double>(x_hat[i]) - x[i];
    ee[lane] += e * e;
    xe[lane] += x[i] * e;
  };
  const size_t num_in_fours = num_samples / 4 * 4;
  for (size_t i = 0; i < num_in_fours; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) add(i + lane, lane);
  }
  for (size_t i = num_in_fours; i < num_samples; ++i) add(i, 0);
  return {ee[0] + ee[1] + ee[2] + ee[3], xe[0] + xe[1] + xe[2] + xe[3]};
}

// <x, x_hat> = xx + xe, and |a x - x_hat|^2 = ee - xe^2 / xx.
double si_sdr_db(double xx, const ErrorSums& sums) {
  if (sums.ee == 0) return INFINITY;
  const double product = xx + sums.xe;
  if (std::abs(product) <= 1e-12 * xx) return -INFINITY;  // what is left of a silent x_hat is rounding
  const double signal = product * product / xx;
  const double noise = sums.ee - sums.xe * sums.xe / xx;
  return noise > 0 ? 10 * std::log10(signal / noise) : INFINITY;
}

// Sums of all segments so far for one shift of x_hat.
struct Shifted {
  std::vector<ErrorSums> channels;
  double segments_db = 0;
};

ErrorSums sum_of(const std::vector<ErrorSums>& channels) {
  ErrorSums sum;
  for (const ErrorSums& channel : channels) sum.add(channel);
  return sum;
}

}  // namespace

struct AudioComparison::Impl {
  explicit Impl(int num_channels) : channels(static_cast<size_t>(num_channels)), xx(channels.size()) {
    for (Shifted& one : shifted) one.channels.resize(channels.size());
  }

  int64_t num_reference() const { return origin + static_cast<int64_t>(channels[0].x.size()); }
  int64_t num_distorted() const { return origin + static_cast<int64_t>(channels[0].x_hat.size()); }

  Status add(const AudioFrame& frame, std::vector<float> Channel::*sound) {
    if (frame.channels.size() != channels.size()) {
      return invalid_argument("the sounds differ in channels: " + std::to_string(channels.size()) + " and " +
                              std::to_string(frame.channels.size()));
    }
    for (size_t c = 0; c < channels.size(); ++c) {
      std::vector<float>& samples = channels[c].*sound;
      samples.insert(samples.end(), frame.channels[c].begin(), frame.channels[c].end());
    }
    const int64_t end = std::min(num_reference(), num_distorted());
    while (next_segment + kSegmentSamples + kMaxDelaySamples <= end) add_segment(kSegmentSamples);
    for (SpectralDistance& spectra_of_window : spectra) {
      while (spectra_of_window.next_start() + spectra_of_window.window() <= end) add_spectra(spectra_of_window);
    }
    forget();
    return {};
  }

  void add_spectra(SpectralDistance& spectra_of_window) {
    const int64_t offset = spectra_of_window.next_start() - origin;
    for (const Channel& channel : channels) spectra_of_window.add(channel.x.data() + offset, channel.x_hat.data() + offset);
    spectra_of_window.step();
  }

  void add_segment(int64_t num_samples) {
    const int64_t offset = next_segment - origin;
    double power = 0;
    for (size_t c = 0; c < channels.size(); ++c) {
      const float* x = channels[c].x.data() + offset;
      double sum = 0;
      for (int64_t i = 0; i < num_samples; ++i) sum += static_cast<double>(x[i]) * x[i];
      xx[c] += sum;
      power += sum;
    }
    const bool is_silent = power < kSilentPower * static_cast<double>(num_samples) * static_cast<double>(channels.size());
    num_loud_segments += !is_silent;
    for (int delay = -kMaxDelaySamples; delay <= kMaxDelaySamples; ++delay) {
      Shifted& one = at_delay(delay);
      double error = 0;
      for (size_t c = 0; c < channels.size(); ++c) {
        const ErrorSums sums = error_sums(channels[c].x.data() + offset, channels[c].x_hat.data() + offset + delay,
                                          static_cast<size_t>(num_samples));
        one.channels[c].add(sums);
        error += sums.ee;
      }
      if (is_silent) continue;
      const double db = error > 0 ? 10 * std::log10(power / error) : kHighestSegmentDb;
      one.segments_db += std::clamp(db, kLowestSegmentDb, kHighestSegmentDb);
    }
    next_segment += num_samples;
  }

  Shifted& at_delay(int delay) { return shifted[static_cast<size_t>(delay + kMaxDelaySamples)]; }

  // Samples that neither a window nor a shifted segment will ask for.
  void forget() {
    int64_t first_needed = next_segment - kMaxDelaySamples;
    for (const SpectralDistance& spectra_of_window : spectra) first_needed = std::min(first_needed, spectra_of_window.next_start());
    const int64_t num_spare = first_needed - origin;
    if (num_spare < kSpareSamples) return;
    for (Channel& channel : channels) {
      channel.x.erase(channel.x.begin(), channel.x.begin() + num_spare);
      channel.x_hat.erase(channel.x_hat.begin(), channel.x_hat.begin() + num_spare);
    }
    origin += num_spare;
  }

  double joint_si_sdr_db(int delay) {
    double sum = 0;
    for (const double of_channel : xx) sum += of_channel;
    return si_sdr_db(sum, sum_of(at_delay(delay).channels));
  }

  int best_delay() {
    int best = 0;
    double best_db = joint_si_sdr_db(0) + kDelayGainDb;
    for (int delay = -kMaxDelaySamples; delay <= kMaxDelaySamples; ++delay) {
      const double db = joint_si_sdr_db(delay);
      if (delay != 0 && db > best_db) {
        best = delay;
        best_db = db;
      }
    }
    return best;
  }

  std::vector<Channel> channels;
  int64_t origin = -kLongestWindow / 2;  // index of the first sample in memory
  int64_t next_segment = 0;
  std::vector<double> xx;  // sums of x^2 of the channels
  std::array<Shifted, 2 * kMaxDelaySamples + 1> shifted;
  uint64_t num_loud_segments = 0;
  std::array<SpectralDistance, 3> spectra{SpectralDistance(512, 40), SpectralDistance(1024, 80),
                                          SpectralDistance(kLongestWindow, 128)};
};

AudioComparison::AudioComparison(int num_channels) : impl_(std::make_unique<Impl>(num_channels)) {}
AudioComparison::~AudioComparison() = default;

Status AudioComparison::add_reference(const AudioFrame& frame) { return impl_->add(frame, &Channel::x); }
Status AudioComparison::add_distorted(const AudioFrame& frame) { return impl_->add(frame, &Channel::x_hat); }

AudioDistances AudioComparison::finish() {
  Impl& impl = *impl_;
  const int64_t num_samples = std::min(impl.num_reference(), impl.num_distorted());
  AudioDistances distances;
  distances.num_samples = static_cast<uint64_t>(num_samples);
  if (num_samples == 0) return distances;
  const auto num_kept = static_cast<size_t>(num_samples - impl.origin);
  for (Channel& channel : impl.channels) {
    for (std::vector<float>* samples : {&channel.x, &channel.x_hat}) {
      samples->resize(num_kept);
      samples->resize(num_kept + kLongestWindow / 2);
    }
  }
  while (impl.next_segment < num_samples) impl.add_segment(std::min(kSegmentSamples, num_samples - impl.next_segment));
  for (SpectralDistance& spectra_of_window : impl.spectra) {
    while (spectra_of_window.next_centre() <= num_samples) impl.add_spectra(spectra_of_window);
    distances.mel += spectra_of_window.mel() / static_cast<double>(impl.spectra.size());
    distances.stft += spectra_of_window.stft() / static_cast<double>(impl.spectra.size());
  }
  distances.is_identical = sum_of(impl.at_delay(0).channels).ee == 0;
  if (distances.is_identical) distances.mel = distances.stft = 0;  // what is there is rounding of the transforms
  distances.delay_samples = impl.best_delay();
  distances.si_sdr_db = impl.joint_si_sdr_db(distances.delay_samples);
  const Shifted& best = impl.at_delay(distances.delay_samples);
  for (size_t c = 0; c < impl.channels.size(); ++c) distances.channel_si_sdr_db.push_back(si_sdr_db(impl.xx[c], best.channels[c]));
  if (impl.num_loud_segments > 0) distances.segmental_snr_db = best.segments_db / static_cast<double>(impl.num_loud_segments);
  return distances;
}

}  // namespace laconic
