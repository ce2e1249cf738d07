using VmAppliance.Hypervisors.Xen;

namespace VmAppliance.Tests.Hypervisors;

sealed class DomainTests
{
    const string Head = "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label\n";
    const string Uuid = "4cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b11";

    static string Line(string name = "vma-7.1", string state = "-b----", string reason = "       -") => $"{name,-40} {3,5} {255,5} {1,5}     {state} {4.1,9:0.0} {Uuid} {reason}                -\n";

    [Test]
    public async Task A_list_as_xl_prints_it_is_read_whole()
    {
        var domains = Domain.Parse(Head + """
            Domain-0                                     0  1024     1     r-----      20.3 00000000-0000-0000-0000-000000000000        -                -
            vma-7.1                                      3   255     1     -b----       4.1 4cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b11        -                -
            (null)                                       4     0     1     --p--d       0.0 5cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b12        -                -

            """);
        await Assert.That(string.Join('\n', domains)).IsEqualTo(string.Join('\n',
            new Domain("Domain-0", 0, 1024, "r-----", TimeSpan.FromSeconds(20.3), Guid.Empty),
            new Domain("vma-7.1", 3, 255, "-b----", TimeSpan.FromSeconds(4.1), Guid.Parse(Uuid)),
            new Domain("(null)", 4, 0, "--p--d", TimeSpan.Zero, Guid.Parse("5cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b12"))));
    }

    [Test]
    [Arguments("r-----", false, false)]
    [Arguments("-b----", false, false)]
    [Arguments("------", false, false)]
    [Arguments("--p---", true, false)]
    [Arguments("-bp---", true, false)]
    [Arguments("---s--", false, false)]
    [Arguments("---sc-", false, false)]
    [Arguments("-----d", false, true)]
    [Arguments("--ps-d", true, true)]
    public async Task The_letters_say_whether_it_is_paused_or_dying(string state, bool isPaused, bool isDying)
    {
        var domain = Domain.Parse(Line(state: state)).Single();
        await Assert.That((domain.IsPaused, domain.IsDying)).IsEqualTo((isPaused, isDying));
    }

    [Test]
    public async Task A_domain_that_has_shut_down_has_a_reason_code_and_is_listed_like_any_other()
    {
        var domain = Domain.Parse(Line(state: "---s--", reason: "       3")).Single();
        await Assert.That((domain.Name, domain.Id, domain.State, domain.Uuid)).IsEqualTo(("vma-7.1", 3, "---s--", Guid.Parse(Uuid)));
    }

    [Test]
    public async Task A_name_with_blanks_is_one_name() => await Assert.That(Domain.Parse(Line("my own domain")).Single().Name).IsEqualTo("my own domain");

    [Test]
    public async Task Memory_and_time_of_a_large_domain_that_has_run_for_long_are_read()
    {
        var domain = Domain.Parse($"{"vma-7.1",-40} {32751,5} {1048576,5} {128,5}     r----- {98765432.1,9:0.0} {Uuid}        -                -\n").Single();
        await Assert.That((domain.Id, domain.MemoryMiB, domain.CpuTime)).IsEqualTo((32751, 1048576L, TimeSpan.FromSeconds(98765432.1)));
    }

    [Test]
    [Arguments("")]
    [Arguments("\n\n")]
    [Arguments(Head)]
    [Arguments("libxl: error: libxl_domain.c:331:libxl_list_domain: getting domain info list: Permission denied\n")]
    [Arguments("Domain-0                                     0  1024     1     r-----      20.3\n")]
    [Arguments("one two three four five six seven eight nine ten eleven twelve\n")]
    [Arguments("vma-7.1   -3   255     1     -b----       4.1 4cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b11        -                -\n")]
    [Arguments("vma-7.1    3   255     1     -b----       4.1 4cbb1a2b-6d9f-4f32-8f3c        -                -\n")]
    [Arguments("vma-7.1    3   255     1     -b----       4,1 4cbb1a2b-6d9f-4f32-8f3c-0f7d4f3f8b11        -                -\n")]
    public async Task What_is_no_domain_is_left_out(string list) => await Assert.That(Domain.Parse(list)).IsEmpty();

    [Test]
    public async Task A_line_that_is_none_hides_no_domain_after_it() =>
        await Assert.That(string.Join(' ', Domain.Parse($"WARNING: something\n{Head}\n{Line("vma-7.1")}garbage\n{Line("vma-8.1")}").Select(d => d.Name))).IsEqualTo("vma-7.1 vma-8.1");
}
