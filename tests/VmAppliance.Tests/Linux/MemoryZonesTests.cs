using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class MemoryZonesTests
{
    // A machine of 1 GiB with Linux 6.1: two zones have memory.
    const string OneGibibyte = """
        Node 0, zone      DMA
          per-node stats
              nr_inactive_anon 120
          pages free     3840
                boost    0
                min      172
                low      215
                high     258
                spanned  4095
                present  3998
                managed  3840
                cma      0
                protection: (0, 946, 946, 946, 946)
          pagesets
            cpu: 0
                      count: 0
                      high:  14
        Node 0, zone    DMA32
          pages free     220000
                boost    0
                min      11092
                low      13865
                high     16638
                managed  243000
                protection: (0, 0, 0, 0, 0)
        Node 0, zone   Normal
          pages free     0
                high     0
                managed  0
                protection: (0, 0, 700, 700, 700)
        Node 0, zone  Movable
          pages free     0
                high     32
                managed  0
                protection: (0, 0, 0, 0, 0)
        """;

    [Test]
    public async Task What_the_kernel_keeps_is_each_zones_high_watermark_and_what_it_holds_back_from_others() =>
        await Assert.That(MemoryZones.Reserved(OneGibibyte.Split('\n'))).IsEqualTo(258 + 946 + 16638);

    [Test]
    [Arguments("")]
    [Arguments("Node 0, zone DMA")]
    [Arguments("  protection: ()\n high\n managed")]
    public async Task A_file_that_is_not_as_expected_keeps_nobody_from_his_memory(string text) =>
        await Assert.That(MemoryZones.Reserved(text.Split('\n'))).IsEqualTo(0);

    [Test]
    public async Task This_system_keeps_less_than_it_has() =>
        await Assert.That(MemoryZones.Reserved()).IsGreaterThan(0).And.IsLessThan(MemoryInfo.Of("MemTotal"));
}
