using VmAppliance.Storage.DeviceMapper;

namespace VmAppliance.Tests.Storage.DeviceMapper;

sealed class ThinIdsTests
{
    [Test]
    public async Task No_id_is_handed_out_twice_and_each_is_on_record_before_anybody_has_it()
    {
        using var directory = new TempDirectory();
        List<int> taken = [new ThinIds(directory["ids"]).Take(0), new ThinIds(directory["ids"]).Take(1), new ThinIds(directory["ids"]).Take(0)];
        await Assert.That(taken.Distinct().Count()).IsEqualTo(3);
        await Assert.That(string.Join(' ', new ThinIds(directory["ids"]).Live.Select(l => $"{l.Id}:{l.Slot}"))).IsEqualTo($"{taken[0]}:0 {taken[1]}:1 {taken[2]}:0");
    }

    [Test]
    public async Task A_forgotten_id_is_not_the_next_one()
    {
        using var directory = new TempDirectory();
        var ids = new ThinIds(directory["ids"]);
        var first = ids.Take(0);
        ids.Forget(first);
        await Assert.That(ids.Take(0)).IsNotEqualTo(first);
    }

    [Test]
    public async Task Numbers_begin_anew_after_the_last_and_step_over_those_in_use()
    {
        using var directory = new TempDirectory();
        directory.Write("ids", """{"next":16777215,"live":[{"id":0,"slot":3},{"id":1,"slot":4}]}""");
        var ids = new ThinIds(directory["ids"]);
        await Assert.That((ids.Take(0), ids.Take(1))).IsEqualTo((16777215, 2));
    }

    [Test]
    [Arguments("")]
    [Arguments("null")]
    [Arguments("{ half")]
    public async Task A_broken_table_is_as_good_as_none(string text)
    {
        using var directory = new TempDirectory();
        directory.Write("ids", text);
        await Assert.That(new ThinIds(directory["ids"]).Live).IsEmpty();
    }

    [Test]
    public async Task A_new_pool_knows_none_but_numbers_go_on()
    {
        using var directory = new TempDirectory();
        var ids = new ThinIds(directory["ids"]);
        var before = ids.Take(0);
        ids.Reset();
        await Assert.That(ids.Live).IsEmpty();
        await Assert.That(ids.Take(0)).IsGreaterThan(before);
    }
}
