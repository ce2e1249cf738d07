using VmAppliance.Linux.DeviceMapper;

namespace VmAppliance.Tests.Linux.DeviceMapper;

sealed class DmRequestTests
{
    static unsafe (uint Count, ulong Length, uint Next, string Kind, string Text) FirstLine(DmRequest request)
    {
        var line = (DmIoctl.dm_target_spec*)request.Data;
        return (request.Head->target_count, line->length, line->next, new string((sbyte*)line->target_type), request.TextAt(sizeof(DmIoctl.dm_target_spec)));
    }

    static unsafe uint Minor(DmRequest request) => request.Head->version[1];

    static unsafe bool GrowAgain(DmRequest request) => request.Grow(*request.Head);

    static unsafe uint DataSize(DmRequest request) => request.Head->data_size;

    [Test]
    public async Task A_table_is_one_aligned_line_behind_the_head()
    {
        using var request = new DmRequest();
        request.Table(new SnapshotTarget(2048, new(253, 1), new(253, 2), 8));
        await Assert.That(FirstLine(request)).IsEqualTo((1u, 2048ul, 56u, "snapshot", "253:1 253:2 N 8"));
    }

    [Test]
    public async Task A_message_needs_a_younger_kernel_than_the_rest()
    {
        using var request = new DmRequest();
        var before = Minor(request);
        request.Message("create_thin 7");
        await Assert.That((before, Minor(request), request.TextAt(DmIoctl.MessageText))).IsEqualTo((0u, 2u, "create_thin 7"));
    }

    [Test]
    public async Task Growing_keeps_the_head_and_ends_somewhere()
    {
        using var request = new DmRequest();
        request.Uuid("VMA-x");
        var size = request.Size;
        await Assert.That(GrowAgain(request)).IsTrue();
        await Assert.That((request.Size, DataSize(request), request.AnsweredUuid)).IsEqualTo((2 * size, (uint)(2 * size), "VMA-x"));
        while (GrowAgain(request))
        {
        }
        await Assert.That(request.Size).IsEqualTo(4 << 20);
    }

    [Test]
    public async Task Names_that_the_kernel_would_cut_are_refused()
    {
        using var request = new DmRequest();
        await Assert.That(Assert.Throws<ArgumentOutOfRangeException>(() => request.Name(new string('x', DmIoctl.DM_NAME_LEN)))).IsNotNull();
        request.Name(new string('x', DmIoctl.DM_NAME_LEN - 1));
        await Assert.That(request.AnsweredName.Length).IsEqualTo(DmIoctl.DM_NAME_LEN - 1);
    }
}
