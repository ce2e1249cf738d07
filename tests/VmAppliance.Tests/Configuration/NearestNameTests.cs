using VmAppliance.Configuration;

namespace VmAppliance.Tests.Configuration;

sealed class NearestNameTests
{
    [Test]
    [Arguments("", "", 0)]
    [Arguments("", "abc", 3)]
    [Arguments("abc", "", 3)]
    [Arguments("memory", "memory", 0)]
    [Arguments("memroy", "memory", 2)]
    [Arguments("MEMORY", "memory", 0)]
    [Arguments("kitten", "sitting", 3)]
    public async Task The_distance_is_the_number_of_changed_letters(string a, string b, int distance)
    {
        await Assert.That(NearestName.Distance(a, b)).IsEqualTo(distance);
        await Assert.That(NearestName.Distance(b, a)).IsEqualTo(distance);
    }

    [Test]
    [Arguments("memroy", " (did you mean 'memory'?)")]
    [Arguments("cpu", " (did you mean 'cpus'?)")]
    [Arguments("coutn", " (did you mean 'count'?)")]
    [Arguments("nameservers", "")]
    public async Task The_nearest_of_several_names_is_suggested_and_a_far_one_is_not(string typed, string suggestion) =>
        await Assert.That(NearestName.Suggestion(typed, ["count", "cpus", "memory"])).IsEqualTo(suggestion);

    [Test]
    public async Task Nothing_is_suggested_where_there_are_no_names() =>
        await Assert.That(NearestName.Suggestion("x", [])).IsEqualTo("");
}
