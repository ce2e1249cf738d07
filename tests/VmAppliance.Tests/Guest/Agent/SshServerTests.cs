using VmAppliance.Guest;
using VmAppliance.Guest.Agent;
using VmAppliance.Processes;

namespace VmAppliance.Tests.Guest.Agent;

sealed class SshServerTests
{
    /// <summary>Must be there.</summary>
    [ClassDataSource<SshdDirectory>(Shared = SharedType.PerTestSession)]
    public required SshdDirectory Sshd { get; init; }

    [Test]
    public async Task Sshd_takes_every_line_of_its_settings()
    {
        using var directory = new TempDirectory();
        var key = directory.Write("host_key", SshKeyPair.Create().PrivateKey, 0x180);
        var settings = SshServer.Settings().Replace("/run/vmappliance/host_key", key, StringComparison.Ordinal);
        await Assert.That(settings).Contains($"HostKey {key}\n");
        var result = CommandRunner.Run(["/usr/sbin/sshd", "-t", "-f", directory.Write("sshd_config", settings)]);
        await Assert.That((result.Status, result.Errors)).IsEqualTo((0, ""));
        await Assert.That(CommandRunner.Run(["/usr/sbin/sshd", "-t", "-f", directory.Write("bad", settings + "NoSuchSetting yes\n")]).Errors).Contains("NoSuchSetting");
    }

    [Test]
    [Arguments("AuthorizedKeysFile /run/vmappliance/keys/%u")]
    [Arguments("PasswordAuthentication no")]
    [Arguments("PermitRootLogin no")]
    [Arguments("AllowUsers vmappliance-session")]
    [Arguments("MaxStartups 32")]
    [Arguments("AllowTcpForwarding no")]
    [Arguments("X11Forwarding no")]
    public async Task Nobody_but_the_owner_comes_in_and_nothing_goes_through(string line) => await Assert.That(SshServer.Settings().Split('\n')).Contains(line);
}
