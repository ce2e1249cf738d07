using VmAppliance.Linux;

namespace VmAppliance.Tests.Guest.Agent;

/// <summary>
/// What a real sshd insists on where root starts it, and what is there only where one has been started since the boot: the agent makes it in
/// its machine. Gone after the session, if it was not there before.
/// </summary>
sealed class SshdDirectory : IDisposable
{
    const string Place = "/run/sshd";
    const UnixFileMode AllMayEnter = (UnixFileMode)0x1ED; // 0755

    readonly bool _isOurs = Host.EffectiveUser == 0 && !Directory.Exists(Place);

    /// <summary>Makes it.</summary>
    public SshdDirectory()
    {
        if (_isOurs)
            Directory.CreateDirectory(Place, AllMayEnter);
    }

    public void Dispose()
    {
        if (_isOurs)
            Directory.Delete(Place);
    }
}
