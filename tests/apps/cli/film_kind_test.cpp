#include "apps/cli/film_kind.h"

#include <gtest/gtest.h>

#include <thread>

#include "apps/cli/bounded_queue.h"

namespace laconic::cli {
namespace {

TEST(ParseTime, UnderstandsSecondsMinutesAndHours) {
  EXPECT_DOUBLE_EQ(*parse_time("0"), 0);
  EXPECT_DOUBLE_EQ(*parse_time("90.5"), 90.5);
  EXPECT_DOUBLE_EQ(*parse_time("1:30"), 90);
  EXPECT_DOUBLE_EQ(*parse_time("1:02:03.25"), 3723.25);
}

TEST(ParseTime, RefusesTheRest) {
  for (const char* text : {"", "-1", "1:60", "1:2:3:4", "1.5:00", "a", "1:", ":1", "1e99", "nan", "5s"}) {
    EXPECT_FALSE(parse_time(text).ok()) << text;
  }
}

TEST(FormatTime, ShowsMilliseconds) {
  EXPECT_EQ(format_time(3723.25), "1:02:03.250");
  EXPECT_EQ(format_time(0), "0:00:00.000");
}

TEST(BoundedQueue, HandsOverAllInOrderThroughALittleRoom) {
  BoundedQueue<int> queue(4);
  std::thread producer([&] {
    const ClosesAtEnd closes(queue);
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(queue.push(i, i % 3 == 0 ? 8 : 1));
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), std::nullopt);
  producer.join();
}

TEST(BoundedQueue, ProducerLearnsThatTheConsumerStopped) {
  BoundedQueue<int> queue(1);
  bool is_refused = false;
  std::thread producer([&] {
    while (queue.push(1, 1)) {
    }
    is_refused = true;
  });
  EXPECT_EQ(queue.pop(), 1);
  queue.stop();
  producer.join();
  EXPECT_TRUE(is_refused);
}

}  // namespace
}  // namespace laconic::cli
