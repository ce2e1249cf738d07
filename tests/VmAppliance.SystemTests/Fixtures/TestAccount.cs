using System.Globalization;
using TUnit.Core.Interfaces;

namespace VmAppliance.SystemTests.Fixtures;

/// <summary>An ordinary account with a home and a supplementary group; both are gone after the session.</summary>
sealed class TestAccount : IAsyncInitializer, IAsyncDisposable
{
    /// <summary>Login name.</summary>
    public string Name { get; } = $"vmat{Environment.ProcessId}";

    /// <summary>The supplementary group.</summary>
    public string Group { get; } = $"vmat{Environment.ProcessId}x";

    /// <summary>Home directory.</summary>
    public string Home { get; } = $"/var/lib/vmat{Environment.ProcessId}";

    /// <summary>User id.</summary>
    public int Uid { get; private set; }

    /// <summary>Primary group id.</summary>
    public int Gid { get; private set; }

    /// <summary>A command run as this account, with its groups.</summary>
    public Command As(Command command) =>
        command.Behind("setpriv", $"--reuid={Uid}", $"--regid={Gid}", "--init-groups", "--inh-caps=-all", "--");

    public async Task InitializeAsync()
    {
        await new Command("groupadd", Group).Require();
        await new Command("useradd", "--create-home", "--home-dir", Home, "--user-group", "--groups", Group, "--shell", "/bin/bash", Name).Require();
        Uid = int.Parse(await new Command("id", "--user", Name).Require(), CultureInfo.InvariantCulture);
        Gid = int.Parse(await new Command("id", "--group", Name).Require(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await new Command("userdel", "--remove", Name).Run();
        await new Command("groupdel", Group).Run();
    }
}
