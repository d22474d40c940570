#include "plan/mesh.h"

#include "tests/base/expect.h"

namespace isobatch {
namespace {

Mesh mesh(std::int64_t devices, int copies, const char* engine) {
    Trial trial;
    trial.split = {1, 1, devices};
    trial.copies = copies;
    trial.engine = engine;
    return mesh_of(trial);
}

TEST(Mesh, CopiesAreNeighboursAndSoAreInnerGroups) {
    const Mesh six = mesh(4, 3, "gloo:flat:inner=2");
    EXPECT_EQ(six, (Mesh{4, 3, 2}));
    EXPECT_EQ(six.ranks(), 12);
    for (int rank = 0; rank < six.ranks(); ++rank) {
        EXPECT_EQ(six.place(rank) * 3 + six.copy(rank), rank);
        EXPECT_EQ(six.copy(six.first_copy(rank)), 0);
        EXPECT_EQ(six.place(six.first_copy(rank)), six.place(rank));
        EXPECT_EQ(six.inner_group(rank), rank < 6 ? 0 : 1);
    }
}

TEST(Mesh, InnerGroupsDivideThePlaces) {
    EXPECT_EQ(mesh(1, 1, "serial").inner, 1);
    EXPECT_EQ(mesh(1, 1, "serial:inner=2").inner, 1);
    EXPECT_EQ(mesh(6, 1, "serial:inner=4").inner, 2);
    EXPECT_EQ(mesh(3, 1, "serial:inner=2").inner, 1);
    EXPECT_EQ(mesh(8, 1, "serial:inner=8").inner, 8);
}

TEST(Mesh, SoManyRanksMakeSoManyPlaces) {
    EXPECT_EQ(places_in(0, 3), 0);
    EXPECT_EQ(places_in(3, 3), 1);
    EXPECT_EQ(places_in(8, 3), 2);
    for (const std::int64_t copies : {0, -1, 1025})
        EXPECT_EQ(error_of([&] { places_in(8, copies); }).where(), "--copies") << copies;
    EXPECT_TRUE(says(error_of([] { places_in(2, 3); }).next(), "at least 3"));
}

TEST(Mesh, HasNoMoreRanksThanItsNumbersHold) {
    EXPECT_EQ(mesh(1 << 20, 1, "serial").ranks(), 1 << 20);
    EXPECT_EQ(mesh(1 << 10, 1024, "serial").ranks(), 1 << 20);
    for (const auto& [devices, copies] :
         {std::pair{(std::int64_t{1} << 20) + 1, 1}, {std::int64_t{1} << 32, 1}, {1025, 1024}})
        EXPECT_TRUE(says(error_of([&] { mesh(devices, copies, "serial"); }).next(), "--max-devices")) << devices;
}

}  // namespace
}  // namespace isobatch
