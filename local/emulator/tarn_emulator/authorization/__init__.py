"""Who may do what: IAM's decision about each call, and a record of the calls.

| file | what it holds |
|---|---|
| `gate` | stands in front of moto: finds the call, asks, refuses or lets through |
| `call` | an HTTP request, read as an operation with its parameters |
| `identity` | the caller behind an access key, with the policies that apply to it |
| `check`, `table` | what a call needs: actions on resources, said by a table per service |
| `services/` | those tables, one file per service |
| `keys` | the condition keys that every call has |
| `decision` | AWS's rules for one account: which policies must allow, which may deny |
| `sessions`, `webidentity` | roles assumed by services and with tokens of a provider |
| `refusal` | the error of each service for a call that is not allowed |
| `recorder` | the file of calls |

Without `--enforce-iam` nothing here refuses a call.
"""
