using Bibind.Functions.Tests.Hosting;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]
